// SPDX-License-Identifier: MIT OR Apache-2.0
// What the modules need of Windows' kernel and of kernel streaming, as the public pages have it. Fields that neither module looks
// at are left without a name.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16, WCHAR;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;
typedef int NTSTATUS;
typedef u8 KIRQL;
#define NULL ((void *)0)
#define IMPORT __declspec(dllimport)
#define EXPORT __declspec(dllexport)
#define OFFSET(type, field) __builtin_offsetof(type, field)

#define STATUS_SUCCESS 0
#define STATUS_PENDING 0x103
#define STATUS_BUFFER_OVERFLOW ((NTSTATUS)0x80000005)
#define STATUS_UNSUCCESSFUL ((NTSTATUS)0xC0000001)
#define STATUS_NOT_IMPLEMENTED ((NTSTATUS)0xC0000002)
#define STATUS_ACCESS_VIOLATION ((NTSTATUS)0xC0000005)
#define STATUS_INVALID_PARAMETER ((NTSTATUS)0xC000000D)
#define STATUS_INVALID_DEVICE_REQUEST ((NTSTATUS)0xC0000010)
#define STATUS_BUFFER_TOO_SMALL ((NTSTATUS)0xC0000023)
#define STATUS_OBJECT_NAME_NOT_FOUND ((NTSTATUS)0xC0000034)
#define STATUS_ALLOTTED_SPACE_EXCEEDED ((NTSTATUS)0xC0000099)
#define STATUS_INSUFFICIENT_RESOURCES ((NTSTATUS)0xC000009A)
#define STATUS_DEVICE_NOT_READY ((NTSTATUS)0xC00000A3)
#define STATUS_NOT_SUPPORTED ((NTSTATUS)0xC00000BB)
#define STATUS_CANCELLED ((NTSTATUS)0xC0000120)
#define STATUS_INVALID_BUFFER_SIZE ((NTSTATUS)0xC0000206)
#define STATUS_NOT_FOUND ((NTSTATUS)0xC0000225)
#define STATUS_PROPSET_NOT_FOUND ((NTSTATUS)0xC0000230)
#define STATUS_NO_MATCH ((NTSTATUS)0xC0000272)
#define STATUS_DEVICE_REMOVED ((NTSTATUS)0xC00002B6)

typedef struct { u32 Data1; u16 Data2, Data3; u8 Data4[8]; } GUID;
typedef struct { u16 Length, MaximumLength; WCHAR *Buffer; } UNICODE_STRING;
typedef struct LIST_ENTRY { struct LIST_ENTRY *Flink, *Blink; } LIST_ENTRY;
typedef struct { NTSTATUS Status; u64 Information; } IO_STATUS_BLOCK;
typedef struct { u64 opaque[8]; } KDPC, KTIMER;
typedef struct { u64 opaque[3]; } KEVENT;
struct DEVICE_OBJECT;
struct IRP;
typedef NTSTATUS DISPATCH(struct DEVICE_OBJECT *, struct IRP *);
typedef struct DRIVER_EXTENSION { void *DriverObject; void *AddDevice; } DRIVER_EXTENSION;
typedef struct DRIVER_OBJECT {
    u64 o0[6];
    DRIVER_EXTENSION *DriverExtension;
    u64 o1[6];
    void (*DriverUnload)(struct DRIVER_OBJECT *);
    DISPATCH *MajorFunction[28];
} DRIVER_OBJECT;
typedef struct DEVICE_OBJECT {
    u64 o0[6];
    u32 Flags, Characteristics;
    u64 o1;
    void *DeviceExtension;
    u64 o2[33];
} DEVICE_OBJECT;
typedef struct FILE_OBJECT {
    u64 o0[3];
    void *FsContext;
    u64 o1[4];
    struct FILE_OBJECT *RelatedFileObject;
    u64 o2[2];
    UNICODE_STRING FileName;
    u64 o3[14];
} FILE_OBJECT;
typedef struct { u32 OutputBufferLength, o0, InputBufferLength, o1, IoControlCode, o2; void *Type3InputBuffer; } CONTROL;
typedef struct {
    u8 MajorFunction, MinorFunction, Flags, Control;
    union { CONTROL Control; u64 words[4]; } Parameters;
    DEVICE_OBJECT *DeviceObject;
    FILE_OBJECT *FileObject;
    void *CompletionRoutine, *Context;
} STACK;
typedef struct IRP {
    u64 o0;
    void *MdlAddress;
    u32 Flags;
    void *SystemBuffer;
    LIST_ENTRY o1;
    IO_STATUS_BLOCK IoStatus;
    u8 RequestorMode, PendingReturned, StackCount, CurrentLocation, Cancel, CancelIrql, o2[2];
    u64 o3[4];
    void *CancelRoutine, *UserBuffer, *DriverContext[4];
    u64 o4[2];
    LIST_ENTRY ListEntry;
    STACK *CurrentStackLocation;
    u64 o5[2];
} IRP;
_Static_assert(sizeof(DRIVER_OBJECT) == 336 && sizeof(DEVICE_OBJECT) == 336 && sizeof(FILE_OBJECT) == 216, "layouts");
_Static_assert(sizeof(IRP) == 208 && sizeof(STACK) == 72 && OFFSET(IRP, UserBuffer) == 112, "layouts");

enum { IRP_MJ_CREATE, IRP_MJ_CLOSE = 2, IRP_MJ_READ, IRP_MJ_WRITE, IRP_MJ_FLUSH_BUFFERS = 9, IRP_MJ_DEVICE_CONTROL = 14,
       IRP_MJ_QUERY_SECURITY = 20, IRP_MJ_SET_SECURITY, IRP_MJ_POWER, IRP_MJ_SYSTEM_CONTROL, IRP_MJ_PNP = 27 };
enum { IRP_MN_START_DEVICE, IRP_MN_QUERY_REMOVE_DEVICE, IRP_MN_REMOVE_DEVICE, IRP_MN_CANCEL_REMOVE_DEVICE, IRP_MN_STOP_DEVICE,
       IRP_MN_QUERY_STOP_DEVICE, IRP_MN_CANCEL_STOP_DEVICE, IRP_MN_SURPRISE_REMOVAL = 0x17 };
#define IRP_BUFFERED_IO 0x10
#define IRP_DEALLOCATE_BUFFER 0x20
#define IRP_INPUT_OPERATION 0x40
#define SL_PENDING_RETURNED 1
#define UserMode 1

IMPORT u32 DbgPrint(const char *, ...);
IMPORT void *ExAllocatePool2(u64, u64, u32);
IMPORT void ExFreePoolWithTag(void *, u32);
IMPORT KIRQL KfRaiseIrql(KIRQL);
IMPORT void KeLowerIrql(KIRQL);
IMPORT KIRQL KeAcquireSpinLockRaiseToDpc(u64 *);
IMPORT void KeReleaseSpinLock(u64 *, KIRQL);
IMPORT int KeSetEvent(void *, int, u8);
IMPORT void KeInitializeDpc(KDPC *, void (*)(KDPC *, void *, void *, void *), void *);
IMPORT u8 KeInsertQueueDpc(KDPC *, void *, void *);
IMPORT u8 KeRemoveQueueDpc(KDPC *);
IMPORT void KeInitializeTimer(KTIMER *);
IMPORT u8 KeSetTimer(KTIMER *, i64, KDPC *);
IMPORT u8 KeCancelTimer(KTIMER *);
IMPORT i64 KeQueryPerformanceCounter(i64 *);
IMPORT NTSTATUS ObReferenceObjectByHandle(void *, u32, void *, u8, void **, void *);
IMPORT u64 ObfReferenceObject(void *);
IMPORT u64 ObfDereferenceObject(void *);
IMPORT void *ExEventObjectType;
/* What the handler of __except is called for. */
unsigned long _exception_code(void);
IMPORT void ProbeForRead(void *, u64, u32);
IMPORT void ProbeForWrite(void *, u64, u32);
IMPORT void *IoAllocateMdl(void *, u32, u8, u8, IRP *);
IMPORT void MmProbeAndLockPages(void *, u8, u32);
IMPORT void *MmMapLockedPagesSpecifyCache(void *, u8, u32, void *, u32, u32);
IMPORT NTSTATUS IoCreateDevice(DRIVER_OBJECT *, u32, UNICODE_STRING *, u32, u32, u8, DEVICE_OBJECT **);
IMPORT void IoDeleteDevice(DEVICE_OBJECT *);
IMPORT DEVICE_OBJECT *IoAttachDeviceToDeviceStack(DEVICE_OBJECT *, DEVICE_OBJECT *);
IMPORT void IoDetachDevice(DEVICE_OBJECT *);
IMPORT NTSTATUS IofCallDriver(DEVICE_OBJECT *, IRP *);
IMPORT void IofCompleteRequest(IRP *, u8);
IMPORT u8 IoForwardIrpSynchronously(DEVICE_OBJECT *, IRP *);
IMPORT void IoAcquireCancelSpinLock(KIRQL *);
IMPORT void IoReleaseCancelSpinLock(KIRQL);
IMPORT NTSTATUS IoRegisterDeviceInterface(DEVICE_OBJECT *, const GUID *, UNICODE_STRING *, UNICODE_STRING *);
IMPORT NTSTATUS IoSetDeviceInterfaceState(UNICODE_STRING *, u8);
IMPORT NTSTATUS IoGetDeviceProperty(DEVICE_OBJECT *, u32, u32, void *, u32 *);
IMPORT void RtlFreeUnicodeString(UNICODE_STRING *);
IMPORT NTSTATUS RtlStringFromGUID(const GUID *, UNICODE_STRING *);
IMPORT void PoStartNextPowerIrp(IRP *);
IMPORT NTSTATUS PoCallDriver(DEVICE_OBJECT *, IRP *);
IMPORT void *memcpy(void *, const void *, u64);
IMPORT void *memset(void *, int, u64);
IMPORT int memcmp(const void *, const void *, u64);

#define TAG 0x20736B46
#define NEW(bytes) ExAllocatePool2(0x40, bytes, TAG)
#define FREE(block) ExFreePoolWithTag(block, TAG)
#define ON(irp) (*(irp)->CurrentStackLocation)
#define INPUT(irp) (ON(irp).Parameters.Control.InputBufferLength)
#define OUTPUT(irp) (ON(irp).Parameters.Control.OutputBufferLength)
#define SAME(a, b) (!memcmp(a, b, sizeof(GUID)))

static inline void list_init(LIST_ENTRY *l) { l->Flink = l->Blink = l; }
static inline void list_remove(LIST_ENTRY *e) { e->Blink->Flink = e->Flink; e->Flink->Blink = e->Blink; }
static inline void list_insert(LIST_ENTRY *after, LIST_ENTRY *e) {
    e->Blink = after, e->Flink = after->Flink;
    after->Flink->Blink = e, after->Flink = e;
}
static inline NTSTATUS complete(IRP *irp, NTSTATUS status) {
    irp->IoStatus.Status = status;
    IofCompleteRequest(irp, 0);
    return status;
}
static inline NTSTATUS finish(IRP *irp, NTSTATUS status) { return status == STATUS_PENDING ? status : complete(irp, status); }
static inline u32 length_of(const WCHAR *text) { u32 n = 0; while (text[n]) n++; return n; }
