# SPDX-License-Identifier: MIT OR Apache-2.0
#Requires -Version 5.1
#Requires -RunAsAdministrator
<#
.SYNOPSIS
Makes a virtual machine ready for the test-signed driver: test signing, kernel dumps, the certificate. Restart afterwards.
.PARAMETER Package
The folder with arioso.inf.
.PARAMETER Undo
Takes test signing and the certificate away again.
#>
param(
    [string] $Package = $PWD,
    [switch] $Undo
)
Import-Module (Join-Path $PSScriptRoot 'Arioso.psm1') -Force

$stores = 'Cert:\LocalMachine\Root', 'Cert:\LocalMachine\TrustedPublisher'
$file = Join-Path $Package 'arioso.cer'
if (-not (Test-Path $file)) { throw "$file is missing: give the package's folder with -Package" }
$certificate = New-Object Security.Cryptography.X509Certificates.X509Certificate2 $file

if ($Undo) {
    foreach ($store in $stores) {
        Get-ChildItem $store | Where-Object Thumbprint -EQ $certificate.Thumbprint | Remove-Item
    }
    $result = Invoke-Program bcdedit @('/set', 'testsigning', 'off')
    if ($result.Code -ne 0) { throw $result.Text }
    Write-Output 'Test signing is off after a restart; the certificate is gone.'
    return
}

$secureBoot = try { Confirm-SecureBootUEFI } catch { $false }
if ($secureBoot) { throw 'Secure Boot is on: Windows refuses test signing. Switch it off in the settings of the virtual machine.' }
$result = Invoke-Program bcdedit @('/set', 'testsigning', 'on')
if ($result.Code -ne 0) { throw $result.Text }
foreach ($store in $stores) { Import-Certificate -FilePath $file -CertStoreLocation $store | Out-Null }

# A kernel dump at every stop, and no restart that hides it.
$crash = 'HKLM:\SYSTEM\CurrentControlSet\Control\CrashControl'
Set-ItemProperty $crash -Name CrashDumpEnabled -Value 2 -Type DWord
Set-ItemProperty $crash -Name AutoReboot -Value 0 -Type DWord
# Our DbgPrint lines reach a debugger and DebugView.
$filter = 'HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager\Debug Print Filter'
if (-not (Test-Path $filter)) { New-Item $filter | Out-Null }
Set-ItemProperty $filter -Name DEFAULT -Value 0xF -Type DWord
Write-Output "Test signing is on after a restart. Trusted: $($certificate.Subject), $($certificate.Thumbprint)."
