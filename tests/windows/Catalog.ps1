# SPDX-License-Identifier: MIT OR Apache-2.0
#Requires -Version 5.1
<#
.SYNOPSIS
Writes a catalog for a package with the WDK's Inf2Cat and compares it with the package's own: members and attributes have to be the same.
.PARAMETER Package
The folder with arioso.inf and arioso.cat.
#>
param([Parameter(Mandatory)] [string] $Package)
Import-Module (Join-Path $PSScriptRoot 'Arioso.psm1') -Force

$copy = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName())
Copy-Item $Package $copy -Recurse
try {
    Remove-Item (Join-Path $copy 'arioso.cat')
    $arm = Select-String -Path (Join-Path $copy 'arioso.inf') -Pattern 'NTarm64' -Quiet
    $systems = if ($arm) { '10_VB_ARM64' } else { '10_VB_X64' }
    $result = Invoke-Program inf2cat @("/driver:$copy", "/os:$systems", '/uselocaltime')
    if ($result.Code -ne 0) { throw "inf2cat: $($result.Text)" }
    # Times, list identifiers and signatures differ by nature.
    $read = {
        param($file)
        (Invoke-Program certutil @('-v', '-dump', $file)).Text -split "`r?`n" |
            Select-String -Pattern '^\s*(Subject Identifier|Hash|File|OSAttr|OS|HWID\d+|.*CAT_.*)\s*[:=]' |
            ForEach-Object { $_.Line.Trim() } | Sort-Object -Unique
    }
    $ours = @(& $read (Join-Path $Package 'arioso.cat'))
    $theirs = @(& $read (Join-Path $copy 'arioso.cat'))
    if ($ours.Count -eq 0 -or $theirs.Count -eq 0) { throw 'certutil shows no members: its output has another form here' }
    $differences = @(Compare-Object $theirs $ours)
    $differences | Format-Table -AutoSize -Wrap
    if ($differences) { exit 1 }
    Write-Output "$Package\arioso.cat: the same members and attributes as Inf2Cat's"
} finally {
    Remove-Item $copy -Recurse -Force
}
