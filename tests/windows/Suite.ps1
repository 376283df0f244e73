# SPDX-License-Identifier: MIT OR Apache-2.0
#Requires -Version 5.1
#Requires -RunAsAdministrator
<#
.SYNOPSIS
Installs the package, uses it, removes it, and compares the registry and the files with what was before.
.PARAMETER Package
The folder with arioso.inf and arioso.exe.
.PARAMETER Song
A MIDI file; Windows brings one.
.PARAMETER Cycles
How often the device is disabled and enabled, restarted, removed and installed.
.PARAMETER Keep
Leaves the driver installed, and compares nothing.
.OUTPUTS
A table of steps; logs, dumps and snapshots in a zip file in the current folder. Exit code 0 if every step passed.
#>
param(
    [string] $Package = $PWD,
    [string] $Song = (Join-Path $env:SystemRoot 'Media\town.mid'),
    [int] $Cycles = 10,
    [switch] $Keep
)
Import-Module (Join-Path $PSScriptRoot 'Arioso.psm1') -Force

$program = Join-Path $Package 'arioso.exe'
foreach ($file in $program, (Join-Path $Package 'arioso.inf'), (Join-Path $Package 'arioso.cat'), $Song) {
    if (-not (Test-Path $file)) { throw "$file is missing" }
}
if (-not (Test-TestSigning)) { throw 'test signing is off: run Prepare.ps1 and restart' }
if (Get-AriosoDevice) { throw 'the driver is installed already: run arioso uninstall first, for the comparison' }

$logs = Join-Path $PWD ('arioso-{0:yyyyMMdd-HHmmss}' -f (Get-Date))
New-Item -ItemType Directory $logs | Out-Null
$steps = New-Object Collections.Generic.List[object]
$began = Get-Date

# One row of the table. A step fails if it throws.
function Step {
    param([string] $Name, [scriptblock] $Body)
    Write-Progress -Activity 'Arioso' -Status $Name
    $watch = [Diagnostics.Stopwatch]::StartNew()
    $failure = ''
    try { & $Body | Out-Null } catch { $failure = "$_" }
    $steps.Add([pscustomobject]@{
            Step    = $Name
            Result  = if ($failure) { 'FAILED' } else { 'ok' }
            Seconds = [Math]::Round($watch.Elapsed.TotalSeconds, 1)
            Why     = $failure
        })
}

# Runs a command of arioso.exe that has to succeed.
function Arioso {
    $name = ($args[0..([Math]::Min(2, $args.Count - 1))] -join '-') -replace '[\\/:*?"<>|]', '_'
    $result = Invoke-Program $program $args -Log (Join-Path $logs "$name.txt")
    if ($result.Code -ne 0) { throw "arioso $($args -join ' '): exit code $($result.Code): $($result.Text)" }
}

# Runs pnputil on the device. 3010: done after a restart.
function Device {
    param([string] $Command)
    foreach ($id in @(Get-AriosoDevice)) {
        $result = Invoke-Program pnputil @($Command, $id)
        if ($result.Code -ne 0) { throw "pnputil ${Command}: exit code $($result.Code): $($result.Text)" }
    }
}

Step 'snapshot before' { Save-Snapshot (Join-Path $logs 'before') }
Step 'install' { Arioso install $Package }
Step 'status' { Arioso status }
Step 'doctor' { Arioso doctor }
Step 'ports' { Arioso ports }
Step 'verifier sees the driver' {
    $text = (Invoke-Program verifier @('/query') -Log (Join-Path $logs 'verifier.txt')).Text
    if ($text -notmatch 'arioso\.sys') { throw 'Driver Verifier does not watch arioso.sys: run Verify.ps1 and restart' }
}
Step 'conformance' { Arioso conformance }
Step 'a song through WinMM' { Arioso play $Song --via winmm }
Step 'a song through the KS pin' { Arioso play $Song --via ks }
Step "disabled and enabled, $Cycles times" {
    foreach ($turn in 1..$Cycles) {
        Device '/disable-device'
        Device '/enable-device'
    }
}
Step 'disabled while it plays' {
    $player = Start-Process $program -ArgumentList 'play', "`"$Song`"", '--via', 'ks' -NoNewWindow -PassThru
    Start-Sleep -Seconds 3
    try { Device '/restart-device' } finally { if (-not $player.WaitForExit(30000)) { $player.Kill(); throw 'the player hangs' } }
}
Step "removed and installed, $Cycles times" {
    foreach ($turn in 1..$Cycles) {
        Arioso uninstall
        Arioso install $Package
    }
}
Step 'a song after all that' { Arioso play $Song --via winmm }
Step 'no access outside of the package''s own places' {
    $found = @(Get-IsolationViolation -Since $began)
    if ($found) { throw "$($found.Count) events of Kernel-XDV, the first: $($found[0].Message)" }
}
Save-Log (Join-Path $logs 'logs') $program
if (-not $Keep) {
    Step 'uninstall' { Arioso uninstall }
    Step 'nothing is left' {
        Save-Snapshot (Join-Path $logs 'after')
        $differences = @(Compare-Snapshot (Join-Path $logs 'before') (Join-Path $logs 'after'))
        $differences | Format-Table -AutoSize -Wrap | Out-File (Join-Path $logs 'differences.txt') -Width 300 -Encoding utf8
        $ours = @($differences | Where-Object Ours)
        if ($ours) { throw "$($ours.Count) differences are ours, the first: $($ours[0].Change) $($ours[0].Where)" }
    }
}
$steps | Format-Table -AutoSize -Wrap | Tee-Object -FilePath (Join-Path $logs 'steps.txt')
Compress-Archive -Path $logs -DestinationPath "$logs.zip" -Force
Write-Output "Logs: $logs.zip"
exit [int]($steps.Result -contains 'FAILED')
