#requires -Version 5.1
# Detection method of the application: is the service registered, in this version or a later one?
# A line on standard output and exit code 0: installed. Nothing and exit code 0: not installed. Standard error and 1: it cannot be told.
param(
    [version] $RequiredVersion = '0.1.0'
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

try {
    $registered = Get-Registered
    if ($null -ne $registered -and $registered.Version -ne '' -and [version] $registered.Version -ge $RequiredVersion) {
        Write-Output -InputObject "sensorproxy $($registered.Version)"
    }
    exit 0
} catch {
    [Console]::Error.WriteLine($_.Exception.Message)
    exit 1
}
