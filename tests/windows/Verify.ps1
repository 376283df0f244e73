# SPDX-License-Identifier: MIT OR Apache-2.0
#Requires -Version 5.1
#Requires -RunAsAdministrator
<#
.SYNOPSIS
Switches Driver Verifier on for arioso.sys, or off. Counts after a restart.
.PARAMETER Mode
standard: the standard rule classes, WDF, and port/miniport interface checking (the rules of audio drivers).
audio: the audio extension with all its rules.
memory: standard, and one allocation in 17 fails (after 7 minutes of running).
isolation: Windows 11: writes outside the package's own places. The first one stops the machine; Suite.ps1 fails on any that was logged.
off: nothing.
#>
param([ValidateSet('standard', 'audio', 'memory', 'isolation', 'off')] [string] $Mode = 'standard')
Import-Module (Join-Path $PSScriptRoot 'Arioso.psm1') -Force

$standard = '1', '2', '4', '5', '6', '8', '9', '12', '18', '34'
$portMiniport = '17'
$driver = '/driver', 'arioso.sys'
$arguments = switch ($Mode) {
    'standard' { @('/rc') + $standard + $portMiniport + $driver }
    'audio' { @('/domain', 'audio', 'rules.all') + $driver + '/logging' }
    'memory' { @('/rc', '3') + $standard + $portMiniport + $driver }
    # Without /onecheck the rules only log. From 24H2 (build 26100) on the rule is one of the certification's set.
    'isolation' {
        $build = [Environment]::OSVersion.Version.Build
        if ($build -ge 26100) { @('/onecheck', '/dif', '33', '/33', 'whcp') + $driver }
        else { @('/onecheck', '/rc', '33', '36') + $driver }
    }
    'off' { @('/reset') }
}
$result = Invoke-Program verifier $arguments
Write-Output $result.Text
# 2: a restart is needed.
if ($result.Code -notin 0, 2) { exit 1 }
Write-Output (Invoke-Program verifier @('/querysettings')).Text
