// SPDX-License-Identifier: MIT OR Apache-2.0
// What code with edge counters wants to be linked with. The counters are the image's section .SCOV, the table of their places
// .SCOVP; simkernel finds both by their names, so that nothing here is ever called.

        .section .SCOV$CA,"dw"
        .globl __start___sancov_cntrs
__start___sancov_cntrs:
        .section .SCOV$CZ,"dw"
        .globl __stop___sancov_cntrs
__stop___sancov_cntrs:

        .section .SCOVP$A,"dr"
        .globl __start___sancov_pcs
__start___sancov_pcs:
        .section .SCOVP$Z,"dr"
        .globl __stop___sancov_pcs
__stop___sancov_pcs:

        .section .text,"xr"
        .globl __sanitizer_cov_8bit_counters_init
__sanitizer_cov_8bit_counters_init:
        .globl __sanitizer_cov_pcs_init
__sanitizer_cov_pcs_init:
        ret
