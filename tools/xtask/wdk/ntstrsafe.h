// SPDX-License-Identifier: MIT OR Apache-2.0
/* The wdf.c of wdk-sys is compiled for the target as an empty unit: mingw-w64's headers refuse ARM64. */
#ifndef ARIOSO_NO_DECLARATIONS
#include_next <ntstrsafe.h>
#endif
