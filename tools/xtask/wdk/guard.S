// SPDX-License-Identifier: MIT OR Apache-2.0
// Control Flow Guard: the load configuration record and the two call slots that the loader fills.
// Stands in for BufferOverflowFastFailK.lib in builds without the WDK.

        .section .text,"xr"
#if defined(__x86_64__)
        .globl arioso_guard_dispatch
arioso_guard_dispatch:
        jmp *%rax
        .globl arioso_guard_check
arioso_guard_check:
        ret
#else
        .p2align 2
        .globl arioso_guard_dispatch
arioso_guard_dispatch:
        br x9
        .globl arioso_guard_check
arioso_guard_check:
        ret
#endif

        .section .00cfg,"dr"
        .p2align 3
        .globl __guard_check_icall_fptr
__guard_check_icall_fptr:
        .quad arioso_guard_check
        .globl __guard_dispatch_icall_fptr
__guard_dispatch_icall_fptr:
        .quad arioso_guard_dispatch

        .section .data,"dw"
        .p2align 3
        .globl __security_cookie
__security_cookie:
        .quad 0x00002B992DDFA232

        // IMAGE_LOAD_CONFIG_DIRECTORY64; a number at the end of a line is a field's offset
        .section .rdata,"dr"
        .p2align 3
        .globl _load_config_used
_load_config_used:
        .long 0x140                     // 0x00 Size
        .fill 0x54, 1, 0
        .quad __security_cookie         // 0x58 SecurityCookie
        .quad 0
        .quad 0
        .quad __guard_check_icall_fptr  // 0x70 GuardCFCheckFunctionPointer
        .quad __guard_dispatch_icall_fptr // 0x78 GuardCFDispatchFunctionPointer
        .quad __guard_fids_table        // 0x80 GuardCFFunctionTable
        .quad __guard_fids_count        // 0x88 GuardCFFunctionCount
        .long __guard_flags             // 0x90 GuardFlags
        .fill 12, 1, 0
        .quad __guard_iat_table         // 0xA0 GuardAddressTakenIatEntryTable
        .quad __guard_iat_count         // 0xA8 GuardAddressTakenIatEntryCount
        .quad __guard_longjmp_table     // 0xB0 GuardLongJumpTargetTable
        .quad __guard_longjmp_count     // 0xB8 GuardLongJumpTargetCount
        .fill 72, 1, 0
        .quad __guard_eh_cont_table     // 0x108 GuardEHContinuationTable
        .quad __guard_eh_cont_count     // 0x110 GuardEHContinuationCount
        .fill 0x140 - 0x118, 1, 0
