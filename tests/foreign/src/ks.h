// SPDX-License-Identifier: MIT OR Apache-2.0
// Kernel streaming: structures, codes and exports, as the pages of ks.h have them.
#pragma once
#include "nt.h"

#define IOCTL_KS_PROPERTY 0x2F0003
#define IOCTL_KS_ENABLE_EVENT 0x2F0007
#define IOCTL_KS_DISABLE_EVENT 0x2F000B
#define IOCTL_KS_METHOD 0x2F000F
#define IOCTL_KS_WRITE_STREAM 0x2F8013
#define IOCTL_KS_RESET_STATE 0x2F001B
enum { GET = 1, SET = 2, SETSUPPORT = 0x100, BASICSUPPORT = 0x200, RELATIONS = 0x400, TOPOLOGY = 0x10000000 };
enum { PIN_CINSTANCES, PIN_CTYPES, PIN_DATAFLOW, PIN_DATARANGES, PIN_DATAINTERSECTION, PIN_INTERFACES, PIN_MEDIUMS,
       PIN_COMMUNICATION, PIN_GLOBALCINSTANCES, PIN_NECESSARYINSTANCES, PIN_PHYSICALCONNECTION, PIN_CATEGORY, PIN_NAME,
       PIN_CONSTRAINEDDATARANGES };
enum { SINK = 1, SOURCE, BOTH };
#define KSDATARANGE_ATTRIBUTES 2
#define ALIGN8(n) (((n) + 7) & ~7u)
#define PIN_CLASS u"{146F1A80-4791-11D0-A5D6-28DB04C10000}"

typedef struct { GUID Set; u32 Id, Flags; } KSIDENTIFIER, KSPROPERTY, KSEVENT;
typedef struct { KSPROPERTY Property; u32 Id, Reserved; } KSP_PIN, KSP_NODE;
typedef struct { u32 Size, Count; } KSMULTIPLE_ITEM;
typedef struct { u32 Size, Flags; GUID Attribute; } KSATTRIBUTE;
typedef struct { u32 Count; const KSATTRIBUTE *const *Attributes; } KSATTRIBUTE_LIST;
typedef struct { u32 FormatSize, Flags, SampleSize, Reserved; GUID MajorFormat, SubFormat, Specifier; } KSDATAFORMAT;
typedef struct { KSIDENTIFIER Interface, Medium; u32 PinId; void *PinToHandle; u32 Priority[2]; } KSPIN_CONNECT;
typedef struct {
    u32 InterfacesCount; const KSIDENTIFIER *Interfaces;
    u32 MediumsCount; const KSIDENTIFIER *Mediums;
    u32 DataRangesCount; const KSDATAFORMAT *const *DataRanges;
    u32 DataFlow, Communication;
    const GUID *Category, *Name;
    u32 ConstrainedDataRangesCount; const void *ConstrainedDataRanges;
} KSPIN_DESCRIPTOR;
typedef NTSTATUS PROPERTY_HANDLER(IRP *, KSPROPERTY *, void *);
typedef struct {
    u32 PropertyId; PROPERTY_HANDLER *GetPropertyHandler;
    u32 MinProperty, MinData; PROPERTY_HANDLER *SetPropertyHandler;
    const void *Values; u32 RelationsCount; const KSPROPERTY *Relations;
    PROPERTY_HANDLER *SupportHandler; u32 SerializedSize;
} KSPROPERTY_ITEM;
typedef struct { const GUID *Set; u32 PropertiesCount; const KSPROPERTY_ITEM *PropertyItem; u32 o0; const void *o1; } KSPROPERTY_SET;
typedef struct { DISPATCH *Create; void *Context; UNICODE_STRING ObjectClass; void *SecurityDescriptor; u32 Flags; } KSOBJECT_CREATE_ITEM;
typedef struct { DISPATCH *DeviceIoControl, *Read, *Write, *Flush, *Close, *QuerySecurity, *SetSecurity, *o0[3]; } KSDISPATCH_TABLE;
typedef struct { u32 NotificationType; void *Event; u64 Reserved[2]; } KSEVENTDATA;
struct KSEVENT_ENTRY;
typedef struct {
    u32 EventId, DataInput, ExtraEntryData;
    NTSTATUS (*AddHandler)(IRP *, KSEVENTDATA *, struct KSEVENT_ENTRY *);
    void (*RemoveHandler)(FILE_OBJECT *, struct KSEVENT_ENTRY *);
    NTSTATUS (*SupportHandler)(IRP *, KSPROPERTY *, void *);
} KSEVENT_ITEM;
typedef struct { const GUID *Set; u32 EventsCount; const KSEVENT_ITEM *EventItem; } KSEVENT_SET;
typedef struct KSEVENT_ENTRY {
    LIST_ENTRY ListEntry;
    void *Object, *o0, *EventData;
    u32 NotificationType;
    const KSEVENT_SET *EventSet;
    const KSEVENT_ITEM *EventItem;
    FILE_OBJECT *FileObject;
    u32 SemaphoreAdjustment, Reserved, Flags;
} KSEVENT_ENTRY;
typedef struct {
    u32 Size, TypeSpecificFlags; i64 Time; u32 Numerator, Denominator; i64 Duration; u32 FrameExtent, DataUsed; void *Data;
    u32 OptionsFlags, Reserved;
} KSSTREAM_HEADER;
typedef struct {
    u32 CategoriesCount; const GUID *Categories;
    u32 TopologyNodesCount; const GUID *TopologyNodes;
    u32 TopologyConnectionsCount; const u32 (*TopologyConnections)[4];
    const GUID *TopologyNodesNames; u32 Reserved;
} KSTOPOLOGY;
typedef NTSTATUS INTERSECT(IRP *, KSP_PIN *, KSDATAFORMAT *, KSDATAFORMAT *, u32, void *, u32 *);
_Static_assert(sizeof(KSPROPERTY_ITEM) == 72 && sizeof(KSPROPERTY_SET) == 40 && sizeof(KSOBJECT_CREATE_ITEM) == 48, "layouts");
_Static_assert(sizeof(KSDISPATCH_TABLE) == 80 && sizeof(KSEVENT_ENTRY) == 88 && sizeof(KSEVENT_ITEM) == 40, "layouts");
_Static_assert(sizeof(KSPIN_CONNECT) == 72 && sizeof(KSPIN_DESCRIPTOR) == 88 && sizeof(KSSTREAM_HEADER) == 56, "layouts");

#ifdef KS
#define KSDDKAPI EXPORT
#else
#define KSDDKAPI IMPORT
#endif
KSDDKAPI NTSTATUS KsAllocateDeviceHeader(void **, u32, KSOBJECT_CREATE_ITEM *);
KSDDKAPI void KsFreeDeviceHeader(void *);
KSDDKAPI NTSTATUS KsAddObjectCreateItemToDeviceHeader(void *, DISPATCH *, void *, WCHAR *, void *);
KSDDKAPI NTSTATUS KsAllocateObjectHeader(void **, u32, KSOBJECT_CREATE_ITEM *, IRP *, const KSDISPATCH_TABLE *);
KSDDKAPI void KsFreeObjectHeader(void *);
KSDDKAPI NTSTATUS KsSetMajorFunctionHandler(DRIVER_OBJECT *, u32);
KSDDKAPI DISPATCH KsDispatchIrp, KsDefaultDeviceIoCompletion;
KSDDKAPI NTSTATUS KsAcquireResetValue(IRP *, u32 *);
KSDDKAPI NTSTATUS KsPropertyHandler(IRP *, u32, const KSPROPERTY_SET *);
KSDDKAPI NTSTATUS KsPinPropertyHandler(IRP *, KSPROPERTY *, void *, u32, const KSPIN_DESCRIPTOR *);
KSDDKAPI NTSTATUS KsPinDataIntersection(IRP *, KSP_PIN *, void *, u32, const KSPIN_DESCRIPTOR *, INTERSECT *);
KSDDKAPI NTSTATUS KsValidateConnectRequest(IRP *, u32, const KSPIN_DESCRIPTOR *, KSPIN_CONNECT **);
KSDDKAPI NTSTATUS KsTopologyPropertyHandler(IRP *, KSPROPERTY *, void *, const KSTOPOLOGY *);
KSDDKAPI NTSTATUS KsProbeStreamIrp(IRP *, u32, u32);
KSDDKAPI NTSTATUS KsEnableEvent(IRP *, u32, const KSEVENT_SET *, LIST_ENTRY *, u32, void *);
KSDDKAPI NTSTATUS KsDisableEvent(IRP *, LIST_ENTRY *, u32, void *);
KSDDKAPI void KsFreeEventList(FILE_OBJECT *, LIST_ENTRY *, u32, void *);
KSDDKAPI NTSTATUS KsGenerateEvent(KSEVENT_ENTRY *);
KSDDKAPI void KsAddIrpToCancelableQueue(LIST_ENTRY *, u64 *, IRP *, u32, void *);
KSDDKAPI IRP *KsRemoveIrpFromCancelableQueue(LIST_ENTRY *, u64 *, u32, u32);
KSDDKAPI void KsCancelIo(LIST_ENTRY *, u64 *);
