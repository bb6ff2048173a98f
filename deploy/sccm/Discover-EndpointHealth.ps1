#requires -Version 5.1
# Discovery: do the sensor's accounts reach the cloud endpoints, through their own proxies?
# One line on standard output: 'Compliant', or 'NonCompliant: ' and why. Exit code 1 and a line on standard error: it cannot be told.
param(
    # With TLS, the name in the certificate: 'https://dc01.contoso.com:8484'.
    [string] $BaseUrl = 'http://127.0.0.1:8484',
    # A token of the scope read is enough.
    [string] $TokenFile = "$env:ProgramData\SensorProxy\admin.token",
    # A result that is not older than this is taken again, in milliseconds.
    [int] $MaxAgeMs = 300000,
    [int] $TimeoutSeconds = 180
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

try {
    $answer = Invoke-Sensorproxy -Method 'GET' -Path "/endpoints/health?maxAgeMs=$MaxAgeMs"
    if ($answer.Status -ne 200) { throw "The endpoints were not checked: $(Get-ProblemText -Answer $answer)" }
    $good = @('healthy', 'degraded')
    $bad = @($answer.Document.checks | Where-Object { $good -notcontains $_.status })
    if ($bad.Count -eq 0) {
        $verdict = 'Compliant'
    } else {
        $named = foreach ($check in $bad) {
            $why = $check.status
            if ($null -ne $check.failure) { $why = "$($check.failure.code) in the phase $($check.failure.phase)" }
            "$($check.context) to $($check.endpoint.host): $why"
        }
        # Ten are enough to see what it is; the value has room for little more.
        $shown = @($named | Select-Object -First 10) -join '; '
        $verdict = "NonCompliant: $($bad.Count) of $(@($answer.Document.checks).Count) checks: $shown"
    }
    Write-Output -InputObject ($verdict -replace '[\r\n]+', ' ')
    exit 0
} catch {
    Write-Failure -Text $_.Exception.Message
    exit 1
}
