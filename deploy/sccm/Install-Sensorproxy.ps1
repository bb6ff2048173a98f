#requires -Version 5.1
# Installs, updates or (with -Uninstall) removes the package. The zip and its .sha256 lie beside this script.
# Exit code 0: the service runs, or is gone. Any other: it could not be done, and a line on standard error says why.
param(
    [switch] $Uninstall,
    # A settings file, which the service reads at each start; empty: that of the service that is there, or none.
    [string] $ConfigFile = '',
    # Only administrators may write here.
    [string] $InstallRoot = "$env:ProgramFiles\sensorproxy"
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

#region Registered
# The same in Detect-Sensorproxy.ps1 and Install-Sensorproxy.ps1.

# The service as it is registered: Folder, Version ('' when it cannot be read), Options of its command line. $null: it is not.
function Get-Registered {
    $key = 'HKLM:\SYSTEM\CurrentControlSet\Services\SensorProxy'
    if (-not (Test-Path -LiteralPath $key)) { return $null }
    $commandLine = [string] (Get-ItemProperty -LiteralPath $key -Name 'ImagePath').ImagePath
    # The package's own Node, and the program beside it: anything else is not ours to judge, let alone to delete.
    if (-not ($commandLine -match '^"([^"]+)\\node\.exe" "\1\\app\\main\.js" service run(.*)$')) {
        throw "The service SensorProxy is registered with a program that is not the package's: $commandLine"
    }
    $folder = $Matches[1]
    $options = $Matches[2].Trim()
    $version = ''
    $manifest = Join-Path -Path $folder -ChildPath 'app\package.json'
    if (Test-Path -LiteralPath $manifest -PathType Leaf) {
        $version = [string] (ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($manifest))).version
    }
    return [pscustomobject] @{ Folder = $folder; Version = $version; Options = $options }
}
#endregion

# Runs sensorproxy.cmd of a folder and gives its exit code; what it writes is shown.
function Invoke-Program {
    param(
        [Parameter(Mandatory = $true)] [string] $Folder,
        [Parameter(Mandatory = $true)] [string[]] $Words
    )
    & (Join-Path -Path $Folder -ChildPath 'sensorproxy.cmd') $Words | Out-Host
    return $LASTEXITCODE
}

# The zip, once its bytes are those that were published.
function Get-VerifiedZip {
    $zips = @(Get-ChildItem -LiteralPath $PSScriptRoot -Filter 'sensorproxy-*-win-x64.zip')
    if ($zips.Count -ne 1) { throw "There must be one sensorproxy-<version>-win-x64.zip beside this script, and there are $($zips.Count)." }
    $zip = $zips[0].FullName
    $expected = ([System.IO.File]::ReadAllText("$zip.sha256").Trim() -split '\s+')[0]
    $sha256 = [System.Security.Cryptography.SHA256]::Create()
    $stream = [System.IO.File]::OpenRead($zip)
    try { $found = [BitConverter]::ToString($sha256.ComputeHash($stream)) -replace '-', '' } finally { $stream.Dispose() }
    if ($found -ne $expected) { throw "$zip is damaged: its SHA-256 is $found, and $zip.sha256 says $expected." }
    return $zip
}

# Unpacks the zip, which has one folder, below the root; gives that folder.
function Expand-Package {
    param(
        [Parameter(Mandatory = $true)] [string] $Zip,
        [Parameter(Mandatory = $true)] [string] $Folder
    )
    if (Test-Path -LiteralPath $Folder) { Remove-Item -LiteralPath $Folder -Recurse -Force }
    New-Item -Path $InstallRoot -ItemType Directory -Force | Out-Null
    Add-Type -AssemblyName System.IO.Compression.FileSystem
    [System.IO.Compression.ZipFile]::ExtractToDirectory($Zip, $InstallRoot)
}

# Deletes a package's folder, unless somebody has put it elsewhere.
function Remove-Package {
    param([Parameter(Mandatory = $true)] [string] $Folder)
    if ([System.IO.Path]::GetDirectoryName($Folder) -eq $InstallRoot.TrimEnd('\')) { Remove-Item -LiteralPath $Folder -Recurse -Force }
}

# The options of the service that was there, and the settings file that was asked for.
function Get-InstallWords {
    param([Parameter(Mandatory = $true)] [AllowEmptyString()] [string] $Options)
    $words = @('service', 'install')
    if ($Options -match '--data-dir "([^"]+)"') { $words += @('--data-dir', $Matches[1]) }
    if ($ConfigFile -ne '') { $words += @('--config', $ConfigFile) }
    elseif ($Options -match '--config "([^"]+)"') { $words += @('--config', $Matches[1]) }
    return $words
}

try {
    $old = Get-Registered
    if ($Uninstall) {
        if ($null -eq $old) { exit 0 }
        $code = Invoke-Program -Folder $old.Folder -Words @('service', 'uninstall')
        if ($code -eq 0) { Remove-Package -Folder $old.Folder }
        exit $code
    }
    $zip = Get-VerifiedZip
    $name = [System.IO.Path]::GetFileNameWithoutExtension($zip) -replace '-win-x64$', ''
    $folder = Join-Path -Path $InstallRoot -ChildPath $name
    $isUpdate = $null -ne $old -and $old.Folder -ne $folder
    $options = ''
    # The service goes on while the other version is unpacked; the same version needs its folder.
    if ($isUpdate) { Expand-Package -Zip $zip -Folder $folder }
    if ($null -ne $old) {
        $options = $old.Options
        $code = Invoke-Program -Folder $old.Folder -Words @('service', 'uninstall')
        if ($code -ne 0) { throw "The service that is there could not be removed (exit code $code). Nothing else was changed." }
    }
    if (-not $isUpdate) { Expand-Package -Zip $zip -Folder $folder }
    $words = Get-InstallWords -Options $options
    $code = Invoke-Program -Folder $folder -Words $words
    if ($code -eq 0) {
        if ($isUpdate) { Remove-Package -Folder $old.Folder }
        exit 0
    }
    # Registered and not running would be found as installed.
    $null = Invoke-Program -Folder $folder -Words @('service', 'uninstall')
    if (-not $isUpdate) { throw "The service was not installed (exit code $code). sensorproxy.log and the event log (Application, SensorProxy) say why." }
    $back = Invoke-Program -Folder $old.Folder -Words $words
    throw "The new version did not start (exit code $code). The version before was installed again (exit code $back)."
} catch {
    [Console]::Error.WriteLine($_.Exception.Message)
    exit 1
}
