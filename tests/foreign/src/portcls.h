// SPDX-License-Identifier: MIT OR Apache-2.0
// Port class drivers: descriptors and interfaces, as the pages of portcls.h and dmusicks.h have them.
#pragma once
#include "ks.h"

#define METHODS(type) \
    NTSTATUS (*QueryInterface)(type *, const GUID *, void **); \
    u32 (*AddRef)(type *); \
    u32 (*Release)(type *)
#define CALL(object, method, ...) ((object)->vtbl->method((object), ##__VA_ARGS__))
#define CALL0(object, method) ((object)->vtbl->method(object))

typedef struct UNKNOWN { const struct { METHODS(struct UNKNOWN); } *vtbl; } UNKNOWN;

typedef struct PROPERTY_REQUEST {
    UNKNOWN *MajorTarget, *MinorTarget; u32 Node; const void *PropertyItem; u32 Verb, InstanceSize; void *Instance; u32 ValueSize;
    void *Value; IRP *Irp;
} PROPERTY_REQUEST;
typedef struct EVENT_REQUEST {
    UNKNOWN *MajorTarget, *MinorTarget; u32 Node; const void *EventItem; KSEVENT_ENTRY *EventEntry; u32 Verb; IRP *Irp;
} EVENT_REQUEST;
// A property's handler takes the first kind of request, an event's the second.
typedef struct { const GUID *Set; u32 Id, Flags; NTSTATUS (*Handler)(void *request); } ITEM;
typedef struct {
    u32 PropertyItemSize, PropertyCount; const u8 *Properties;
    u32 MethodItemSize, MethodCount; const u8 *Methods;
    u32 EventItemSize, EventCount; const u8 *Events;
    u32 Reserved;
} AUTOMATION;
typedef struct { u32 MaxGlobal, MaxFilter, MinFilter; const AUTOMATION *Table; KSPIN_DESCRIPTOR Descriptor; } PIN;
typedef struct { u32 Flags; const AUTOMATION *Table; const GUID *Type, *Name; } NODE;
typedef struct {
    u32 Version; const AUTOMATION *Table;
    u32 PinSize, PinCount; const u8 *Pins;
    u32 NodeSize, NodeCount; const u8 *Nodes;
    u32 ConnectionCount; const u32 (*Connections)[4];
    u32 CategoryCount; const GUID *Categories;
} FILTER_DESCRIPTOR;

typedef struct DMUS_EVENT {
    u8 Reserved, Struct; u16 Bytes, Group, Flags; i64 Time; u64 Position; struct DMUS_EVENT *Next;
    union { u8 data[8]; struct DMUS_EVENT *package; u8 *buffer; };
} DMUS_EVENT;
_Static_assert(sizeof(PROPERTY_REQUEST) == 72 && sizeof(EVENT_REQUEST) == 56 && sizeof(ITEM) == 24, "layouts");
_Static_assert(sizeof(AUTOMATION) == 56 && sizeof(PIN) == 112 && sizeof(NODE) == 32 && sizeof(DMUS_EVENT) == 40, "layouts");
_Static_assert(sizeof(FILTER_DESCRIPTOR) == 80, "layouts");

struct ALLOCATOR; struct CLOCK; struct GROUP; struct PORT;
typedef struct MXF {
    const struct {
        METHODS(struct MXF);
        NTSTATUS (*SetState)(struct MXF *, u32);
        NTSTATUS (*PutMessage)(struct MXF *, DMUS_EVENT *);
        NTSTATUS (*ConnectOutput)(struct MXF *, struct MXF *);
        NTSTATUS (*DisconnectOutput)(struct MXF *, struct MXF *);
    } *vtbl;
} MXF;
typedef struct MINIPORT {
    const struct {
        METHODS(struct MINIPORT);
        NTSTATUS (*GetDescription)(struct MINIPORT *, const FILTER_DESCRIPTOR **);
        NTSTATUS (*DataRangeIntersection)(struct MINIPORT *, u32, const void *, const void *, u32, void *, u32 *);
        NTSTATUS (*Init)(struct MINIPORT *, UNKNOWN *, UNKNOWN *, struct PORT *, struct GROUP **);
        void (*Service)(struct MINIPORT *);
        // Of a DMus miniport.
        NTSTATUS (*NewStream)(struct MINIPORT *, MXF **, UNKNOWN *, u32, u32, u32, const KSDATAFORMAT *, struct GROUP **,
                              struct ALLOCATOR *, struct CLOCK *, u64 *);
    } *vtbl;
} MINIPORT;
typedef struct ALLOCATOR {
    const struct ALLOCATOR_TABLE {
        METHODS(struct ALLOCATOR);
        NTSTATUS (*SetState)(struct ALLOCATOR *, u32);
        NTSTATUS (*PutMessage)(struct ALLOCATOR *, DMUS_EVENT *);
        NTSTATUS (*ConnectOutput)(struct ALLOCATOR *, MXF *);
        NTSTATUS (*DisconnectOutput)(struct ALLOCATOR *, MXF *);
        NTSTATUS (*GetMessage)(struct ALLOCATOR *, DMUS_EVENT **);
        u16 (*GetBufferSize)(struct ALLOCATOR *);
        NTSTATUS (*GetBuffer)(struct ALLOCATOR *, u8 **);
        NTSTATUS (*PutBuffer)(struct ALLOCATOR *, u8 *);
    } *vtbl;
    int references, given, taken;
} ALLOCATOR;
typedef struct CLOCK {
    const struct CLOCK_TABLE { METHODS(struct CLOCK); NTSTATUS (*GetTime)(struct CLOCK *, i64 *); } *vtbl;
} CLOCK;
typedef struct SINK_OBJECT { const struct { METHODS(struct SINK_OBJECT); void (*RequestService)(struct SINK_OBJECT *); } *vtbl; } SINK_OBJECT;
#define MEMBERS 8
typedef struct GROUP {
    const struct GROUP_TABLE {
        METHODS(struct GROUP);
        void (*RequestService)(struct GROUP *);
        NTSTATUS (*AddMember)(struct GROUP *, SINK_OBJECT *);
        void (*RemoveMember)(struct GROUP *, SINK_OBJECT *);
        void (*SupportDelayedService)(struct GROUP *);
        void (*RequestDelayedService)(struct GROUP *, i64);
        void (*CancelDelayedService)(struct GROUP *);
    } *vtbl;
    int references;
    u64 lock;
    KDPC dpc;
    KTIMER timer;
    SINK_OBJECT *members[MEMBERS];
} GROUP;
