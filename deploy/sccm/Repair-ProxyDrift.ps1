#requires -Version 5.1
# Remediation: copies the proxy of the signed-in user to the sensor's accounts that have another, after a backup, and looks again.
# Exit code 0: they have it. 1 and a line on standard error: they have not, and why.
param(
    # With TLS, the name in the certificate: 'https://dc01.contoso.com:8484'.
    [string] $BaseUrl = 'http://127.0.0.1:8484',
    # A token of the scope operate is enough.
    [string] $TokenFile = "$env:ProgramData\SensorProxy\admin.token",
    # The SID to copy from; empty: the one that the service's settings name, else the one signed-in user who has a proxy.
    [string] $Source = '',
    # Both go into the journal.
    [string] $Ticket = '',
    [string] $Reason = 'Remediation by Configuration Manager: the accounts had another proxy than the source.',
    # Restart the sensor after a copy that changed something, so that it notices.
    [bool] $RestartSensor = $false,
    [int] $TimeoutSeconds = 120,
    # How often to ask for the copy when no answer comes, and how long to wait in between.
    [int] $Tries = 3,
    [int] $PauseSeconds = 10
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

#region Service
# The same in each script: Configuration Manager runs each as one file.

function Write-Failure {
    param([Parameter(Mandatory = $true)] [string] $Text)
    [Console]::Error.WriteLine(($Text -replace '[\r\n]+', ' '))
}

function Read-Token {
    try {
        return [System.IO.File]::ReadAllText($TokenFile).Trim()
    } catch {
        throw "The token cannot be read from $TokenFile. Is the service installed, and does this run as SYSTEM?"
    }
}

# The Status and the Document (JSON, or $null) of an answer, whatever the status. Throws when there is no answer.
function Invoke-Sensorproxy {
    param(
        [Parameter(Mandatory = $true)] [string] $Method,
        [Parameter(Mandatory = $true)] [string] $Path,
        [string] $Json = '',
        [string] $IdempotencyKey = ''
    )
    # .NET before 4.7 would offer TLS 1.0, which the service does not speak.
    $tls12 = [System.Net.SecurityProtocolType]::Tls12
    [System.Net.ServicePointManager]::SecurityProtocol = [System.Net.ServicePointManager]::SecurityProtocol -bor $tls12
    $request = [System.Net.HttpWebRequest] [System.Net.WebRequest]::Create("$BaseUrl$Path")
    $request.Method = $Method
    # The service is on this machine: the proxy that is the matter here must not stand in the way.
    $request.Proxy = $null
    $request.AllowAutoRedirect = $false
    $request.ServicePoint.Expect100Continue = $false
    $request.Timeout = 1000 * $TimeoutSeconds
    $request.ReadWriteTimeout = 1000 * $TimeoutSeconds
    $request.Accept = 'application/json, application/problem+json'
    $request.UserAgent = 'sensorproxy-sccm'
    $request.Headers.Add('Authorization', "Bearer $(Read-Token)")
    if ($IdempotencyKey -ne '') { $request.Headers.Add('Idempotency-Key', "`"$IdempotencyKey`"") }
    $response = $null
    try {
        if ($Json -ne '') {
            $bytes = [System.Text.Encoding]::UTF8.GetBytes($Json)
            $request.ContentType = 'application/json'
            $request.ContentLength = $bytes.Length
            $body = $request.GetRequestStream()
            try { $body.Write($bytes, 0, $bytes.Length) } finally { $body.Dispose() }
        }
        $response = $request.GetResponse()
    } catch {
        # A 4xx or 5xx is an exception that has the answer; PowerShell may have put it into one of its own.
        $failure = $_.Exception
        while ($null -ne $failure -and $failure -isnot [System.Net.WebException]) { $failure = $failure.InnerException }
        if ($null -eq $failure) { throw }
        if ($null -eq $failure.Response) { throw "No answer from $BaseUrl ($($failure.Message)). Does the service SensorProxy run?" }
        $response = $failure.Response
    }
    try {
        $reader = [System.IO.StreamReader]::new($response.GetResponseStream(), [System.Text.Encoding]::UTF8)
        try { $text = $reader.ReadToEnd() } finally { $reader.Dispose() }
        $document = $null
        if ($response.ContentType -match '^application/(problem\+)?json') { $document = ConvertFrom-Json -InputObject $text }
        return [pscustomobject] @{ Status = [int] $response.StatusCode; Document = $document }
    } finally {
        $response.Close()
    }
}

# What a problem document (RFC 9457) says, for a person.
function Get-ProblemText {
    param([Parameter(Mandatory = $true)] $Answer)
    $problem = $Answer.Document
    if ($null -eq $problem -or $null -eq $problem.PSObject.Properties['code']) { return "status $($Answer.Status)" }
    return "$($problem.title): $($problem.detail) ($($problem.code))"
}
#endregion

#region Contexts
# The same in Discover-ProxyDrift.ps1 and Repair-ProxyDrift.ps1.
function Get-Contexts {
    $query = ''
    if ($Source -ne '') { $query = "?source=$([uri]::EscapeDataString($Source))" }
    $answer = Invoke-Sensorproxy -Method 'GET' -Path "/proxy/contexts$query"
    if ($answer.Status -ne 200) { throw "The accounts were not shown: $(Get-ProblemText -Answer $answer)" }
    return $answer.Document
}

# Why there is nothing to compare with: nobody, or several, could be the source.
function Get-SourceFinding {
    param([Parameter(Mandatory = $true)] $Contexts)
    $about = @($Contexts.findings | Where-Object { $_.code -like 'source-*' })
    if ($about.Count -eq 0) { return 'the service names no source' }
    return "$($about[0].detail) ($($about[0].code))"
}

# The sensor's accounts that have not what the source has.
function Get-Drifting {
    param([Parameter(Mandatory = $true)] $Contexts)
    $same = @('identical', 'equivalent')
    return @($Contexts.contexts | Where-Object { @($_.usedBy).Count -gt 0 -and $same -notcontains $_.comparison })
}
#endregion

function Copy-Proxy {
    param([Parameter(Mandatory = $true)] [string[]] $Targets)
    $wish = @{ targets = $Targets; reason = $Reason; restartSensor = $RestartSensor }
    if ($Source -ne '') { $wish['source'] = $Source }
    if ($Ticket -ne '') { $wish['ticket'] = $Ticket }
    $json = ConvertTo-Json -InputObject $wish -Compress
    # Asked again with the same key, a copy that was made is not made twice.
    $key = [guid]::NewGuid().ToString()
    for ($try = 1; ; $try++) {
        try {
            return Invoke-Sensorproxy -Method 'POST' -Path '/proxy/copy' -Json $json -IdempotencyKey $key
        } catch {
            if ($try -ge $Tries) { throw }
            Start-Sleep -Seconds $PauseSeconds
        }
    }
}

try {
    $contexts = Get-Contexts
    if ($null -eq $contexts.source) { throw "Nothing was changed: there is nothing to copy from. $(Get-SourceFinding -Contexts $contexts)" }
    $targets = @(Get-Drifting -Contexts $contexts | ForEach-Object { $_.id })
    if ($targets.Count -gt 0) {
        $answer = Copy-Proxy -Targets $targets
        if ($answer.Status -ne 200) { throw "The copy was refused or undone: $(Get-ProblemText -Answer $answer)" }
        $left = @(Get-Drifting -Contexts (Get-Contexts) | ForEach-Object { $_.id })
        if ($left.Count -gt 0) { throw "The copy was made, and these differ again: $($left -join ', '). Does a policy set them?" }
        $restart = $answer.Document.sensorRestart
        if ($null -ne $restart -and $restart.status -ne 'restarted') { throw "The copy was made; the sensor was not restarted: $($restart.detail)" }
    }
    Write-Output -InputObject 'Compliant'
    exit 0
} catch {
    Write-Failure -Text $_.Exception.Message
    exit 1
}
