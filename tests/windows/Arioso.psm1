# SPDX-License-Identifier: MIT OR Apache-2.0
# What the scripts of this folder share. Windows PowerShell 5.1 or newer.

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

# Keys that an installation writes to, or that Windows fills in for a device of this kind.
$script:Keys = [ordered]@{
    services    = 'HKLM\SYSTEM\CurrentControlSet\Services'
    devices     = 'HKLM\SYSTEM\CurrentControlSet\Enum\ROOT'
    endpoints   = 'HKLM\SYSTEM\CurrentControlSet\Enum\SWD'
    class       = 'HKLM\SYSTEM\CurrentControlSet\Control\Class\{4d36e96c-e325-11ce-bfc1-08002be10318}'
    interfaces  = 'HKLM\SYSTEM\CurrentControlSet\Control\DeviceClasses'
    categories  = 'HKLM\SYSTEM\CurrentControlSet\Control\MediaCategories'
    packages    = 'HKLM\SYSTEM\DriverDatabase\DriverPackages'
    infs        = 'HKLM\SYSTEM\DriverDatabase\DriverInfFiles'
    hardwareIds = 'HKLM\SYSTEM\DriverDatabase\DeviceIds'
    drivers32   = 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Drivers32'
    capture     = 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\MMDevices\Audio\Capture'
    roots       = 'HKLM\SOFTWARE\Microsoft\SystemCertificates\ROOT\Certificates'
    publishers  = 'HKLM\SOFTWARE\Microsoft\SystemCertificates\TrustedPublisher\Certificates'
}

# Windows remembers an endpoint and its devnode for when it comes back, whoever made it.
$script:KeptByWindows = '\\MMDevices\\Audio\\Capture\\|\\Enum\\SWD\\MMDEVAPI\\|\\Enum\\SWD\\MIDISRV\\'

# Runs a program. Its output goes to $Log and to the caller, an object with Code and Text.
function Invoke-Program {
    param(
        [Parameter(Mandatory)] [string] $Program,
        [string[]] $Arguments = @(),
        [string] $Log
    )
    $out = [IO.Path]::GetTempFileName()
    $err = [IO.Path]::GetTempFileName()
    try {
        $start = @{
            FilePath               = $Program
            NoNewWindow            = $true
            Wait                   = $true
            PassThru               = $true
            RedirectStandardOutput = $out
            RedirectStandardError  = $err
        }
        if ($Arguments.Count -gt 0) {
            $start.ArgumentList = $Arguments | ForEach-Object { if ($_ -match '\s') { '"' + $_ + '"' } else { $_ } }
        }
        $process = Start-Process @start
        $text = (@(Get-Content $out) + @(Get-Content $err)) -join "`r`n"
    } finally {
        Remove-Item $out, $err -ErrorAction SilentlyContinue
    }
    if ($Log) {
        "> $Program $($Arguments -join ' ')`r`n$text`r`nexit code $($process.ExitCode)" | Out-File -FilePath $Log -Encoding utf8
    }
    [pscustomobject]@{ Code = $process.ExitCode; Text = $text }
}

# Whether the running system was started with test signing.
function Test-TestSigning {
    (Get-ItemProperty 'HKLM:\SYSTEM\CurrentControlSet\Control').SystemStartOptions -match 'TESTSIGNING'
}

# The instance ids of our devices, present or not.
function Get-AriosoDevice {
    Get-PnpDevice -Class MEDIA -ErrorAction SilentlyContinue |
        Where-Object { @($_.HardwareID) -contains 'ROOT\Arioso' } |
        Select-Object -ExpandProperty InstanceId
}

# Writes every key of $Keys to $Directory, and a list of files of ours.
function Save-Snapshot {
    param([Parameter(Mandatory)] [string] $Directory)
    New-Item -ItemType Directory -Force $Directory | Out-Null
    foreach ($name in $script:Keys.Keys) {
        $file = Join-Path $Directory "$name.reg"
        $result = Invoke-Program reg @('export', $script:Keys[$name], $file, '/y')
        # A key that is not there has nothing to compare.
        if ($result.Code -ne 0) { '' | Out-File $file -Encoding unicode }
    }
    $system = Join-Path $env:SystemRoot 'System32'
    @(
        Get-ChildItem (Join-Path $system 'DriverStore\FileRepository') -Filter 'arioso*' -Recurse -ErrorAction SilentlyContinue
        Get-ChildItem (Join-Path $system 'drivers') -Filter 'arioso*' -ErrorAction SilentlyContinue
        Get-ChildItem (Join-Path $system 'CatRoot') -Filter 'arioso*' -Recurse -ErrorAction SilentlyContinue
        Get-ChildItem (Join-Path $env:SystemRoot 'INF') -Filter 'oem*' -ErrorAction SilentlyContinue
    ) | ForEach-Object FullName | Sort-Object | Out-File (Join-Path $Directory 'files.txt') -Encoding utf8
}

# The values of an exported key: "[key] name" -> text.
function Read-Export {
    param([string] $File)
    $values = @{}
    $key = ''
    $line = ''
    foreach ($part in Get-Content -LiteralPath $File) {
        $line += $part
        if ($line.EndsWith('\')) {
            $line = $line.TrimEnd('\')
            continue
        }
        if ($line -match '^\[(.*)\]$') {
            $key = $Matches[1]
            $values["[$key]"] = ''
        } elseif ($line -match '^(@|"(?:[^"\\]|\\.)*")=(.*)$') {
            $values["[$key] $($Matches[1])"] = $Matches[2]
        }
        $line = ''
    }
    $values
}

# What differs between two snapshots, each with Where, Change, and whether it concerns us and nobody explains it.
function Compare-Snapshot {
    param(
        [Parameter(Mandatory)] [string] $Before,
        [Parameter(Mandatory)] [string] $After
    )
    foreach ($name in $script:Keys.Keys) {
        $old = Read-Export (Join-Path $Before "$name.reg")
        $new = Read-Export (Join-Path $After "$name.reg")
        foreach ($where in @($old.Keys) + @($new.Keys) | Sort-Object -Unique) {
            $change = if (-not $new.ContainsKey($where)) {
                'gone'
            } elseif (-not $old.ContainsKey($where)) {
                'left'
            } elseif ($old[$where] -cne $new[$where]) {
                'changed'
            } else {
                continue
            }
            $ours = "$where $($old[$where]) $($new[$where])" -match 'arioso'
            [pscustomobject]@{
                Where  = $where
                Change = $change
                Ours   = $ours -and $where -notmatch $script:KeptByWindows
            }
        }
    }
    $files = @{
        ReferenceObject  = @(Get-Content (Join-Path $Before 'files.txt'))
        DifferenceObject = @(Get-Content (Join-Path $After 'files.txt'))
    }
    if ($files.ReferenceObject.Count -eq 0) { $files.ReferenceObject = @('') }
    if ($files.DifferenceObject.Count -eq 0) { $files.DifferenceObject = @('') }
    Compare-Object @files | Where-Object InputObject | ForEach-Object {
        $left = $_.SideIndicator -eq '=>'
        [pscustomobject]@{
            Where  = $_.InputObject
            Change = if ($left) { 'left' } else { 'gone' }
            Ours   = $left
        }
    }
}

# What Driver Verifier's isolation rules logged about our driver; nothing where they are off.
function Get-IsolationViolation {
    param([Parameter(Mandatory)] [datetime] $Since)
    foreach ($log in @(Get-WinEvent -ListLog '*Kernel-XDV*' -ErrorAction SilentlyContinue | ForEach-Object LogName) + 'System') {
        Get-WinEvent -FilterHashtable @{ LogName = $log; StartTime = $Since } -ErrorAction SilentlyContinue |
            Where-Object { $_.ProviderName -match 'Kernel-XDV' -and $_.Message -match 'arioso' }
    }
}

# Everything that helps to explain a failure.
function Save-Log {
    param(
        [Parameter(Mandatory)] [string] $Directory,
        [Parameter(Mandatory)] [string] $Program
    )
    New-Item -ItemType Directory -Force $Directory | Out-Null
    foreach ($command in 'status', 'doctor', 'ports') {
        Invoke-Program $Program @($command) -Log (Join-Path $Directory "$command.txt") | Out-Null
    }
    Invoke-Program verifier @('/query') -Log (Join-Path $Directory 'verifier.txt') | Out-Null
    Invoke-Program verifier @('/querysettings') -Log (Join-Path $Directory 'verifier-settings.txt') | Out-Null
    Invoke-Program pnputil @('/enum-devices', '/class', 'MEDIA', '/ids', '/drivers') -Log (Join-Path $Directory 'devices.txt') | Out-Null
    foreach ($file in @(
            Join-Path $env:SystemRoot 'INF\setupapi.dev.log'
            Get-ChildItem (Join-Path $env:SystemRoot 'Minidump') -Filter '*.dmp' -ErrorAction SilentlyContinue | ForEach-Object FullName
        )) {
        if (Test-Path $file) { Copy-Item $file $Directory }
    }
    Get-WinEvent -FilterHashtable @{ LogName = 'System'; StartTime = (Get-Date).AddDays(-1) } -ErrorAction SilentlyContinue |
        Where-Object { $_.Message -match 'arioso' -or $_.Id -in 41, 1001 } |
        Format-List TimeCreated, ProviderName, Id, Message |
        Out-File (Join-Path $Directory 'events.txt') -Encoding utf8
}

Export-ModuleMember -Function Invoke-Program, Test-TestSigning, Get-AriosoDevice, Save-Snapshot, Compare-Snapshot, Get-IsolationViolation, Save-Log
