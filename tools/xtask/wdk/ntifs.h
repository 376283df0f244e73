// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Overlay over mingw-w64's ntifs.h for builds without the WDK: what Windows 10.0.19041 has and
 * mingw-w64 lacks, as far as this driver uses it. Facts from the public interface pages.
 */
#ifndef ARIOSO_NO_DECLARATIONS
#include_next <ntifs.h>

#ifndef ARIOSO_OVERLAY_NTIFS_H
#define ARIOSO_OVERLAY_NTIFS_H

/* wdm.h, since Windows 10.0.19041. The POOL_FLAG_* values come from the wdk-sys crate. */
typedef ULONG64 POOL_FLAGS;
PVOID NTAPI ExAllocatePool2(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag);

/* wdm.h, since Windows 8.1 and 8 */
ULONG64 NTAPI KeQueryInterruptTimePrecise(PULONG64 QpcTimeStamp);
VOID NTAPI KeQuerySystemTimePrecise(PLARGE_INTEGER CurrentTime);

/* wdm.h, since Windows 8 */
VOID NTAPI ExQueryTimerResolution(PULONG MaximumTime, PULONG MinimumTime, PULONG CurrentTime);

#endif
#endif
