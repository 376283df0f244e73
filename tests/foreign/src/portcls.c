// SPDX-License-Identifier: MIT OR Apache-2.0
// A small portcls.sys: an adapter, ports of the classes that a synthesizer with an endpoint has, their filters, and DirectMusic render
// pins. Written from the pages of portcls.h and dmusicks.h.
#include "portcls.h"

#define ID(name, a, b, c, d, e, f, g, h, i, j, k) static const GUID name = {a, b, c, {d, e, f, g, h, i, j, k}}
ID(IID_IUnknown, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46);
ID(IID_IPortEvents, 0xA80F29C4, 0x5498, 0x11D2, 0x95, 0xD9, 0, 0xC0, 0x4F, 0xB9, 0x25, 0xD3);
ID(IID_IPort, 0xB4C90A25, 0x5791, 0x11D0, 0x86, 0xF9, 0, 0xA0, 0xC9, 0x11, 0xB5, 0x44);
ID(IID_IMiniport, 0xB4C90A24, 0x5791, 0x11D0, 0x86, 0xF9, 0, 0xA0, 0xC9, 0x11, 0xB5, 0x44);
ID(IID_IPortDMus, 0xC096DF9C, 0xFB09, 0x11D1, 0x81, 0xB0, 0, 0x60, 8, 0x33, 0x16, 0xC1);
ID(CLSID_PortTopology, 0xB4C90A32, 0x5791, 0x11D0, 0x86, 0xF9, 0, 0xA0, 0xC9, 0x11, 0xB5, 0x44);
ID(CLSID_PortMidi, 0xB4C90A43, 0x5791, 0x11D0, 0x86, 0xF9, 0, 0xA0, 0xC9, 0x11, 0xB5, 0x44);
ID(CLSID_PortWaveRT, 0xCC9BE57A, 0xEB9E, 0x42B4, 0x94, 0xFC, 0x0C, 0xAD, 0x3D, 0xBC, 0xE7, 0xFA);
ID(CLSID_PortDMus, 0xB7902FE9, 0xFB0A, 0x11D1, 0x81, 0xB0, 0, 0x60, 8, 0x33, 0x16, 0xC1);
ID(SET_Pin, 0x8C134960, 0x51AD, 0x11CF, 0x87, 0x8A, 0x94, 0xF8, 1, 0xC1, 0, 0);
ID(SET_Topology, 0x720D4AC0, 0x7533, 0x11D0, 0xA5, 0xD6, 0x28, 0xDB, 4, 0xC1, 0, 0);
ID(SET_Connection, 0x1D58C920, 0xAC9B, 0x11CF, 0xA5, 0xD6, 0x28, 0xDB, 4, 0xC1, 0, 0);
ID(SET_SynthClock, 0xFEDFAE26, 0xE46E, 0x11D1, 0xAA, 0xCE, 0, 0, 0xF8, 0x75, 0xAC, 0x12);
ID(SUBTYPE_DIRECTMUSIC, 0x1A82F8BC, 0x3F8B, 0x11D2, 0xB7, 0x74, 0, 0x60, 8, 0x33, 0x16, 0xC1);
ID(SUBTYPE_PCM, 1, 0, 0x10, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71);
ID(SPECIFIER_WAVEFORMATEX, 0x05589F81, 0xC356, 0x11CE, 0xBF, 1, 0, 0xAA, 0, 0x55, 0x59, 0x5A);

enum { TOPOLOGY_PORT, MIDI_PORT, WAVE_PORT, DMUS_PORT };
static const GUID *const classes[] = {&CLSID_PortTopology, &CLSID_PortMidi, &CLSID_PortWaveRT, &CLSID_PortDMus};
enum { STOP, ACQUIRE, PAUSE, RUN };
#define NONE 0xFFFFFFFF
#define LINKS 8

typedef struct { KSPROPERTY_SET sets[64]; KSPROPERTY_ITEM *items; KSEVENT_SET events[16]; KSEVENT_ITEM *event_items; u32 count, event_count; } TABLES;
typedef struct PORT {
    const struct PORT_TABLE {
        METHODS(struct PORT);
        NTSTATUS (*Init)(struct PORT *, DEVICE_OBJECT *, IRP *, UNKNOWN *, UNKNOWN *, UNKNOWN *);
        NTSTATUS (*GetDeviceProperty)(struct PORT *, u32, u32, void *, u32 *);
        NTSTATUS (*NewRegistryKey)(struct PORT *, void **, void *, u32, u32, void *, u32, u32 *);
        void (*Notify)(struct PORT *, GROUP *);
        NTSTATUS (*RegisterServiceGroup)(struct PORT *, GROUP *);
    } *vtbl;
    struct EVENTS {
        const struct EVENTS_TABLE {
            METHODS(struct EVENTS);
            void (*AddEventToEventList)(struct EVENTS *, KSEVENT_ENTRY *);
            void (*GenerateEventList)(struct EVENTS *, const GUID *, u32, u32, u32, u32, u32);
        } *vtbl;
    } events;
    int references, class;
    DEVICE_OBJECT *fdo;
    MINIPORT *miniport;
    GROUP *group;
    const FILTER_DESCRIPTOR *shape;
    KSPIN_DESCRIPTOR *pins;
    KSTOPOLOGY topology;
    TABLES filter, *pin;
    u32 *instances, links;
    UNICODE_STRING link[LINKS];
    LIST_ENTRY entries;
    u64 lock;
} PORT;
typedef struct EVENTS EVENTS;
typedef struct { PORT *from, *to; u32 from_pin, to_pin; } WIRE;
typedef struct DEVICE {
    DEVICE_OBJECT *pdo, *lower;
    NTSTATUS (*start)(DEVICE_OBJECT *, IRP *, UNKNOWN *);
    KSOBJECT_CREATE_ITEM *items;
    UNKNOWN *power;
    int running;
    u32 ports, wires;
    PORT *port[8];
    WIRE wire[8];
} DEVICE;
// The beginning of the device extension; words 4 to 7 are the driver's.
typedef struct { void *header; DEVICE *device; } EXTENSION;
#define DEVICE_OF(fdo) (((EXTENSION *)(fdo)->DeviceExtension)->device)
// What FsContext points at: a filter, or with a stream, a pin.
typedef struct {
    void *header;
    PORT *port;
    KSOBJECT_CREATE_ITEM item;
    FILE_OBJECT *filter;
    MXF *stream;
    GROUP *group;
    ALLOCATOR *allocator;
    u32 id, state, counts[16];
    KSDATAFORMAT *format;
} OBJECT;
#define OBJECT_OF(irp) ((OBJECT *)ON(irp).FileObject->FsContext)

static PIN *pin_of(const FILTER_DESCRIPTOR *f, u32 i) { return (PIN *)(f->Pins + i * f->PinSize); }
static NODE *node_of(const FILTER_DESCRIPTOR *f, u32 i) { return (NODE *)(f->Nodes + i * f->NodeSize); }
static ITEM *property_of(const AUTOMATION *t, u32 i) { return (ITEM *)(t->Properties + i * t->PropertyItemSize); }
static ITEM *event_of(const AUTOMATION *t, u32 i) { return (ITEM *)(t->Events + i * t->EventItemSize); }

EXPORT NTSTATUS DllInitialize(UNICODE_STRING *path) { (void)path; return STATUS_SUCCESS; }
EXPORT NTSTATUS DllUnload(void) { return STATUS_SUCCESS; }
NTSTATUS DriverEntry(DRIVER_OBJECT *driver, UNICODE_STRING *path) { (void)driver, (void)path; return STATUS_SUCCESS; }

static i64 now(void) {
    i64 frequency, count = KeQueryPerformanceCounter(&frequency);
    return count / frequency * 10000000 + count % frequency * 10000000 / frequency;
}

static NTSTATUS answer(IRP *irp, void *data, const void *value, u32 bytes) {
    u32 room = OUTPUT(irp);
    irp->IoStatus.Information = room && room < bytes ? 0 : bytes;
    if (room < bytes) return room ? STATUS_BUFFER_TOO_SMALL : STATUS_BUFFER_OVERFLOW;
    memcpy(data, value, bytes);
    return STATUS_SUCCESS;
}

// ---- objects that miniports use

#define COUNTED(type, gone) \
    static u32 type##_add(type *o) { return __atomic_add_fetch(&o->references, 1, __ATOMIC_SEQ_CST); } \
    static u32 type##_release(type *o) { \
        int left = __atomic_sub_fetch(&o->references, 1, __ATOMIC_SEQ_CST); \
        if (!left) gone(o); \
        return left; \
    } \
    static NTSTATUS type##_query(type *o, const GUID *id, void **out) { \
        *out = SAME(id, &IID_IUnknown) ? o : NULL; \
        if (*out) type##_add(o); \
        return *out ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER; \
    }

static void allocator_gone(ALLOCATOR *a) {
    if (a->given != a->taken) DbgPrint("portcls: %d events of %d came back\n", a->taken, a->given);
    FREE(a);
}
COUNTED(ALLOCATOR, allocator_gone)
#define BUFFER 20
static NTSTATUS take_back(ALLOCATOR *a, DMUS_EVENT *e) {
    for (DMUS_EVENT *next; e; e = next) {
        next = e->Next;
        if (e->Flags & 2) take_back(a, e->package);
        else if (e->Bytes > 8 && e->buffer) FREE(e->buffer);
        __atomic_add_fetch(&a->taken, 1, __ATOMIC_SEQ_CST);
        FREE(e);
    }
    return STATUS_SUCCESS;
}
static NTSTATUS give(ALLOCATOR *a, DMUS_EVENT **out) {
    if (!(*out = NEW(sizeof **out))) return STATUS_INSUFFICIENT_RESOURCES;
    __atomic_add_fetch(&a->given, 1, __ATOMIC_SEQ_CST);
    (*out)->Struct = sizeof **out, (*out)->Position = ~0ull;
    return STATUS_SUCCESS;
}
static NTSTATUS give_buffer(ALLOCATOR *a, u8 **out) { (void)a; return (*out = NEW(BUFFER)) ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES; }
static NTSTATUS take_buffer(ALLOCATOR *a, u8 *buffer) { (void)a; FREE(buffer); return STATUS_SUCCESS; }
static u16 buffer_size(ALLOCATOR *a) { (void)a; return BUFFER; }
static NTSTATUS any_state(ALLOCATOR *a, u32 state) { (void)a, (void)state; return STATUS_SUCCESS; }
static NTSTATUS no_output(ALLOCATOR *a, MXF *sink) { (void)a, (void)sink; return STATUS_INVALID_DEVICE_REQUEST; }
static const struct ALLOCATOR_TABLE allocator_table = {ALLOCATOR_query, ALLOCATOR_add, ALLOCATOR_release, any_state, take_back,
    no_output, no_output, give, buffer_size, give_buffer, take_buffer};

static NTSTATUS clock_query(CLOCK *c, const GUID *id, void **out) { (void)c, (void)id; *out = NULL; return STATUS_INVALID_PARAMETER; }
static u32 clock_count(CLOCK *c) { (void)c; return 1; }
static NTSTATUS clock_time(CLOCK *c, i64 *time) { (void)c; *time = now(); return STATUS_SUCCESS; }
static const struct CLOCK_TABLE clock_table = {clock_query, clock_count, clock_count, clock_time};
static CLOCK master = {&clock_table};

static void group_gone(GROUP *g) {
    KeCancelTimer(&g->timer);
    KeRemoveQueueDpc(&g->dpc);
    FREE(g);
}
COUNTED(GROUP, group_gone)
static void serve(KDPC *dpc, void *context, void *a, void *b) {
    GROUP *g = context;
    (void)dpc, (void)a, (void)b;
    for (u32 i = 0; i < MEMBERS; i++)
        if (g->members[i]) CALL0(g->members[i], RequestService);
}
static void request(GROUP *g) { KeInsertQueueDpc(&g->dpc, NULL, NULL); }
static NTSTATUS swap_member(GROUP *g, SINK_OBJECT *old, SINK_OBJECT *new) {
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
    KIRQL level = KeAcquireSpinLockRaiseToDpc(&g->lock);
    for (u32 i = 0; i < MEMBERS && status < 0; i++)
        if (g->members[i] == old) g->members[i] = new, status = STATUS_SUCCESS;
    KeReleaseSpinLock(&g->lock, level);
    return status;
}
static NTSTATUS add_member(GROUP *g, SINK_OBJECT *sink) {
    NTSTATUS status = swap_member(g, NULL, sink);
    if (status >= 0) CALL0(sink, AddRef);
    return status;
}
static void remove_member(GROUP *g, SINK_OBJECT *sink) { if (swap_member(g, sink, NULL) >= 0) CALL0(sink, Release); }
static void delayed(GROUP *g) { (void)g; }
static void request_later(GROUP *g, i64 delay) { KeSetTimer(&g->timer, delay, &g->dpc); }
static void not_later(GROUP *g) { KeCancelTimer(&g->timer); }
static const struct GROUP_TABLE group_table = {GROUP_query, GROUP_add, GROUP_release, request, add_member, remove_member, delayed,
    request_later, not_later};
EXPORT NTSTATUS PcNewServiceGroup(GROUP **out, UNKNOWN *outer) {
    GROUP *g = *out = outer ? NULL : NEW(sizeof *g);
    if (!g) return STATUS_INSUFFICIENT_RESOURCES;
    g->vtbl = &group_table, g->references = 1;
    KeInitializeDpc(&g->dpc, serve, g);
    KeInitializeTimer(&g->timer);
    return STATUS_SUCCESS;
}

// ---- properties and events of the miniport

static int same_item(const ITEM *row, const KSIDENTIFIER *wanted) { return row->Id == wanted->Id && SAME(row->Set, &wanted->Set); }

static const ITEM *look(const AUTOMATION *t, const KSIDENTIFIER *wanted, int events) {
    for (u32 i = 0; t && i < (events ? t->EventCount : t->PropertyCount); i++) {
        const ITEM *row = events ? event_of(t, i) : property_of(t, i);
        if (same_item(row, wanted)) return row;
    }
    return NULL;
}

// A request for a node goes to that node's table; any other to the pin's, then to the filter's.
static const ITEM *resolve(OBJECT *o, const KSIDENTIFIER *wanted, u32 node, int events) {
    const FILTER_DESCRIPTOR *f = o->port->shape;
    if (wanted->Flags & TOPOLOGY) return node < f->NodeCount ? look(node_of(f, node)->Table, wanted, events) : NULL;
    const ITEM *row = o->stream ? look(pin_of(f, o->id)->Table, wanted, events) : NULL;
    return row ? row : look(f->Table, wanted, events);
}

static NTSTATUS miniport_property(IRP *irp, KSPROPERTY *property, void *data) {
    OBJECT *o = OBJECT_OF(irp);
    u32 head = property->Flags & TOPOLOGY ? sizeof(KSP_NODE) : sizeof(KSPROPERTY), verb = property->Flags & ~TOPOLOGY;
    if (INPUT(irp) < head) return STATUS_INVALID_BUFFER_SIZE;
    u32 node = head > sizeof(KSPROPERTY) ? ((KSP_NODE *)property)->Id : NONE, room = OUTPUT(irp);
    const ITEM *row = resolve(o, property, node, 0);
    if (!row || !row->Handler) return verb == BASICSUPPORT ? STATUS_INVALID_DEVICE_REQUEST : STATUS_NOT_FOUND;
    if (!(row->Flags & verb)) {
        u32 words[10] = {BASICSUPPORT | (row->Flags & (GET | SET)), sizeof words};
        return verb == BASICSUPPORT ? answer(irp, data, words, room && room < sizeof words ? 4 : sizeof words) : STATUS_NOT_FOUND;
    }
    u32 instance = INPUT(irp) - head;
    PROPERTY_REQUEST request = {(UNKNOWN *)o->port->miniport, (UNKNOWN *)o->stream, node, row, property->Flags, instance,
        instance ? (u8 *)property + head : NULL, room, data, irp};
    NTSTATUS status = row->Handler(&request);
    irp->IoStatus.Information = verb == SET ? 0 : request.ValueSize;
    return status;
}

// Behind KSEVENT_ENTRY: what an entry was made for.
typedef struct { const ITEM *row; OBJECT *object; u32 node, listed; } EXTRA;
#define EXTRA_OF(entry) ((EXTRA *)((entry) + 1))

static NTSTATUS event_request(OBJECT *o, const ITEM *row, u32 node, KSEVENT_ENTRY *entry, u32 verb, IRP *irp) {
    EVENT_REQUEST request = {(UNKNOWN *)o->port->miniport, (UNKNOWN *)o->stream, node, row, entry, verb, irp};
    return row->Handler ? row->Handler(&request) : STATUS_NOT_FOUND;
}
static NTSTATUS add_event(IRP *irp, KSEVENTDATA *data, KSEVENT_ENTRY *entry) {
    struct { KSEVENT Event; u32 Node, Reserved; } event = {.Node = NONE};
    u32 bytes = INPUT(irp) < sizeof event ? sizeof(KSEVENT) : sizeof event;
    (void)data;
    __try {
        if (irp->RequestorMode == UserMode) ProbeForRead(ON(irp).Parameters.Control.Type3InputBuffer, bytes, 1);
        memcpy(&event, ON(irp).Parameters.Control.Type3InputBuffer, bytes);
    } __except (1) {
        return (NTSTATUS)_exception_code();
    }
    const ITEM *row = resolve(OBJECT_OF(irp), &event.Event, event.Node, 1);
    if (!row) return STATUS_NOT_FOUND;
    *EXTRA_OF(entry) = (EXTRA){row, OBJECT_OF(irp), event.Event.Flags & TOPOLOGY ? event.Node : NONE, 0};
    return event_request(OBJECT_OF(irp), row, EXTRA_OF(entry)->node, entry, 1, irp);
}
static void remove_event(FILE_OBJECT *file, KSEVENT_ENTRY *entry) {
    EXTRA *x = EXTRA_OF(entry);
    (void)file;
    event_request(x->object, x->row, x->node, entry, 2, NULL);
    if (x->listed) list_remove(&entry->ListEntry);
}

static PORT *port_of(EVENTS *e) { return (PORT *)((u8 *)e - OFFSET(PORT, events)); }
static void list_event(EVENTS *e, KSEVENT_ENTRY *entry) {
    KIRQL level = KeAcquireSpinLockRaiseToDpc(&port_of(e)->lock);
    EXTRA_OF(entry)->listed = 1;
    list_insert(port_of(e)->entries.Blink, &entry->ListEntry);
    KeReleaseSpinLock(&port_of(e)->lock, level);
}
static void generate(EVENTS *e, const GUID *set, u32 id, u32 of_pin, u32 pin, u32 of_node, u32 node) {
    PORT *p = port_of(e);
    KIRQL level = KeAcquireSpinLockRaiseToDpc(&p->lock);
    for (LIST_ENTRY *at = p->entries.Flink; at != &p->entries; at = at->Flink) {
        EXTRA *x = EXTRA_OF((KSEVENT_ENTRY *)at);
        if ((!set || SAME(set, x->row->Set)) && id == x->row->Id && (!of_pin || (x->object->stream && pin == x->object->id))
            && (!of_node || node == x->node)) KsGenerateEvent((KSEVENT_ENTRY *)at);
    }
    KeReleaseSpinLock(&p->lock, level);
}

// ---- tables for KS: the port's own properties, then the miniport's

typedef struct { const GUID *set; u32 first, last, request, value; PROPERTY_HANDLER *get, *put; u32 classes; } OWN;
static PROPERTY_HANDLER pin_property, topology_property, clock_property, get_state, put_state, get_format, put_format;
#define SYNTHS (1 << MIDI_PORT | 1 << DMUS_PORT)
static const OWN filter_items[] = {
    {&SET_Pin, PIN_CTYPES, PIN_CTYPES, 24, 0, pin_property, NULL, ~0u},
    {&SET_Pin, PIN_CINSTANCES, PIN_CONSTRAINEDDATARANGES, 32, 0, pin_property, NULL, ~0u},
    {&SET_Topology, 0, 3, 24, 0, topology_property, NULL, ~0u},
    {&SET_SynthClock, 0, 0, 24, 8, clock_property, NULL, SYNTHS},
};
static const OWN pin_items[] = {
    {&SET_Connection, 0, 0, 24, 4, get_state, put_state, ~0u},
    {&SET_Connection, 2, 2, 24, 0, get_format, put_format, ~0u},
    {&SET_SynthClock, 0, 0, 24, 8, clock_property, NULL, SYNTHS},
};

static void add_row(KSPROPERTY_ITEM *items, const GUID **of, u32 *count, const GUID *set, KSPROPERTY_ITEM row) {
    for (u32 i = 0; i < *count; i++)
        if (SAME(of[i], set) && items[i].PropertyId == row.PropertyId) {
            if (!items[i].GetPropertyHandler) items[i].GetPropertyHandler = row.GetPropertyHandler;
            if (!items[i].SetPropertyHandler) items[i].SetPropertyHandler = row.SetPropertyHandler;
            return;
        }
    items[*count] = row, of[(*count)++] = set;
}

static NTSTATUS build(PORT *p, TABLES *t, const AUTOMATION *pin, const OWN *own, u32 owns) {
    enum { ROWS = 192, EVENTS = 32 };
    const FILTER_DESCRIPTOR *f = p->shape;
    KSPROPERTY_ITEM *rows = NEW(ROWS * sizeof *rows);
    const GUID **of = NEW((ROWS + EVENTS) * sizeof *of), **event_of_set = of + ROWS;
    t->items = NEW(ROWS * sizeof *rows), t->event_items = NEW(EVENTS * sizeof *t->event_items);
    u32 count = 0, events = 0, done = 0;
    if (!rows || !of || !t->items || !t->event_items) return STATUS_INSUFFICIENT_RESOURCES;
    for (u32 i = 0; i < owns; i++)
        for (u32 id = own[i].first; own[i].classes >> p->class & 1 && id <= own[i].last; id++)
            add_row(rows, of, &count, own[i].set, (KSPROPERTY_ITEM){.PropertyId = id, .GetPropertyHandler = own[i].get,
                .SetPropertyHandler = own[i].put, .MinProperty = own[i].request, .MinData = own[i].value});
    u32 named = count;
    for (u32 n = 0; n < f->NodeCount + 2; n++) {
        const AUTOMATION *a = n == 0 ? pin : n == 1 ? f->Table : node_of(f, n - 2)->Table;
        for (u32 i = 0; a && i < a->PropertyCount && count < ROWS; i++) {
            const ITEM *row = property_of(a, i);
            int ours = 0;
            for (u32 k = 0; k < named; k++) ours |= rows[k].PropertyId == row->Id && SAME(of[k], row->Set);
            if (!ours) add_row(rows, of, &count, row->Set, (KSPROPERTY_ITEM){.PropertyId = row->Id,
                .GetPropertyHandler = row->Flags & GET ? miniport_property : NULL, .MinProperty = sizeof(KSPROPERTY),
                .SetPropertyHandler = row->Flags & SET ? miniport_property : NULL, .SupportHandler = miniport_property});
        }
        for (u32 i = 0; a && i < a->EventCount && events < EVENTS; i++) {
            const ITEM *row = event_of(a, i);
            u32 k = 0;
            while (k < events && !(SAME(event_of_set[k], row->Set) && t->event_items[k].EventId == row->Id)) k++;
            t->event_items[k] = (KSEVENT_ITEM){row->Id, sizeof(KSEVENTDATA), sizeof(EXTRA), add_event, remove_event, NULL};
            event_of_set[k] = row->Set;
            if (k == events) t->events[t->event_count++] = (KSEVENT_SET){row->Set, 1, &t->event_items[events++]};
        }
    }
    for (u32 i = 0; i < count; i++) {
        if (!of[i]) continue;
        KSPROPERTY_SET *set = &t->sets[t->count++];
        *set = (KSPROPERTY_SET){of[i], 0, &t->items[done], 0, NULL};
        for (u32 k = count; k-- > i;)
            if (of[k] && SAME(of[k], set->Set)) {
                t->items[done++] = rows[k], set->PropertiesCount++;
                if (k > i) of[k] = NULL;
            }
    }
    FREE(rows);
    FREE(of);
    return STATUS_SUCCESS;
}

// ---- ports

static NTSTATUS port_init(PORT *p, DEVICE_OBJECT *fdo, IRP *irp, UNKNOWN *miniport, UNKNOWN *adapter, UNKNOWN *resources) {
    (void)irp;
    NTSTATUS status = CALL(miniport, QueryInterface, &IID_IMiniport, (void **)&p->miniport);
    if (status < 0) return status;
    p->fdo = fdo;
    // The miniport's own interface has the same address: IMiniport is its base.
    status = CALL(p->miniport, Init, adapter, resources, p, &p->group);
    if (status >= 0) status = CALL(p->miniport, GetDescription, &p->shape);
    const FILTER_DESCRIPTOR *f = p->shape;
    if (status < 0) return status;
    p->pins = NEW((f->PinCount + 1) * sizeof *p->pins), p->pin = NEW((f->PinCount + 1) * sizeof *p->pin);
    p->instances = NEW((f->PinCount + 1) * 4);
    GUID *nodes = NEW((f->NodeCount + 1) * 2 * sizeof *nodes);
    if (!p->pins || !p->pin || !p->instances || !nodes) return STATUS_INSUFFICIENT_RESOURCES;
    for (u32 i = 0; i < f->NodeCount; i++) {
        NODE *n = node_of(f, i);
        nodes[i] = *n->Type, nodes[f->NodeCount + i] = n->Name ? *n->Name : *n->Type;
    }
    p->topology = (KSTOPOLOGY){f->CategoryCount, f->Categories, f->NodeCount, nodes, f->ConnectionCount, f->Connections,
        nodes + f->NodeCount, 0};
    status = build(p, &p->filter, NULL, filter_items, sizeof filter_items / sizeof *filter_items);
    for (u32 i = 0; i < f->PinCount && status >= 0; i++) {
        p->pins[i] = pin_of(f, i)->Descriptor;
        status = build(p, &p->pin[i], pin_of(f, i)->Table, pin_items, sizeof pin_items / sizeof *pin_items);
    }
    return status;
}
static NTSTATUS device_property(PORT *p, u32 property, u32 length, void *buffer, u32 *result) {
    return IoGetDeviceProperty(DEVICE_OF(p->fdo)->pdo, property, length, buffer, result);
}
static NTSTATUS no_key(PORT *p, void **out, void *outer, u32 kind, u32 access, void *attributes, u32 options, u32 *disposition) {
    (void)p, (void)outer, (void)kind, (void)access, (void)attributes, (void)options, (void)disposition;
    *out = NULL;
    return STATUS_NOT_SUPPORTED;
}
static void notify(PORT *p, GROUP *group) { if (group || p->group) CALL0(group ? group : p->group, RequestService); }
static NTSTATUS register_group(PORT *p, GROUP *group) {
    if (!p->group && group) CALL0(p->group = group, AddRef);
    return STATUS_SUCCESS;
}

static void tables_gone(TABLES *t) {
    if (t->items) FREE(t->items);
    if (t->event_items) FREE(t->event_items);
}
// The miniport holds the port: this ends the cycle.
static void invalidate(PORT *p) {
    MINIPORT *miniport = p->miniport;
    GROUP *group = p->group;
    p->miniport = NULL, p->group = NULL;
    while (p->links) {
        UNICODE_STRING *link = &p->link[--p->links];
        IoSetDeviceInterfaceState(link, 0);
        RtlFreeUnicodeString(link);
    }
    if (group) CALL0(group, Release);
    if (miniport) CALL0(miniport, Release);
}
static void port_gone(PORT *p) {
    invalidate(p);
    tables_gone(&p->filter);
    for (u32 i = 0; p->pin && i < p->shape->PinCount; i++) tables_gone(&p->pin[i]);
    void *blocks[] = {p->pins, p->pin, p->instances, (void *)p->topology.TopologyNodes, p};
    for (u32 i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (blocks[i]) FREE(blocks[i]);
}
static u32 port_add(PORT *p) { return __atomic_add_fetch(&p->references, 1, __ATOMIC_SEQ_CST); }
static u32 port_release(PORT *p) {
    int left = __atomic_sub_fetch(&p->references, 1, __ATOMIC_SEQ_CST);
    if (!left) port_gone(p);
    return left;
}
static NTSTATUS port_query(PORT *p, const GUID *id, void **out) {
    *out = SAME(id, &IID_IPortEvents) ? (void *)&p->events
        : SAME(id, &IID_IUnknown) || SAME(id, &IID_IPort) || (p->class == DMUS_PORT && SAME(id, &IID_IPortDMus)) ? (void *)p : NULL;
    if (*out) port_add(p);
    return *out ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}
static NTSTATUS events_query(EVENTS *e, const GUID *id, void **out) { return port_query(port_of(e), id, out); }
static u32 events_add(EVENTS *e) { return port_add(port_of(e)); }
static u32 events_release(EVENTS *e) { return port_release(port_of(e)); }
static const struct PORT_TABLE port_table = {port_query, port_add, port_release, port_init, device_property, no_key, notify, register_group};
static const struct EVENTS_TABLE events_table = {events_query, events_add, events_release, list_event, generate};

EXPORT NTSTATUS PcNewPort(PORT **out, const GUID *class) {
    u32 i = 0;
    *out = NULL;
    while (i < 4 && !SAME(classes[i], class)) i++;
    if (i == 4) return STATUS_NOT_SUPPORTED;
    PORT *p = *out = NEW(sizeof *p);
    if (!p) return STATUS_INSUFFICIENT_RESOURCES;
    p->vtbl = &port_table, p->events.vtbl = &events_table, p->references = 1, p->class = i;
    list_init(&p->entries);
    return STATUS_SUCCESS;
}

// ---- the port's own properties

static NTSTATUS topology_property(IRP *irp, KSPROPERTY *property, void *data) {
    return KsTopologyPropertyHandler(irp, property, data, &OBJECT_OF(irp)->port->topology);
}
static NTSTATUS clock_property(IRP *irp, KSPROPERTY *property, void *data) {
    i64 time = now();
    (void)property;
    return answer(irp, data, &time, sizeof time);
}
// What a miniport leaves to the port: PCM at the high end of both ranges.
static NTSTATUS pcm(KSDATAFORMAT *client, KSDATAFORMAT *own, u32 room, u8 *data, u32 *bytes) {
    typedef struct { KSDATAFORMAT head; u32 channels, least_bits, bits, least_rate, rate; } RANGE;
    const RANGE *a = (void *)client, *b = (void *)own;
    if (!SAME(&own->Specifier, &SPECIFIER_WAVEFORMATEX) || !SAME(&own->SubFormat, &SUBTYPE_PCM)) return STATUS_NO_MATCH;
    if (client->FormatSize < sizeof *a || !SAME(&client->Specifier, &own->Specifier)) a = b;
    u32 channels = a->channels < b->channels ? a->channels : b->channels, bits = a->bits < b->bits ? a->bits : b->bits;
    u32 rate = a->rate < b->rate ? a->rate : b->rate;
    if (channels > 2) channels = 2;
    if (!channels || bits < a->least_bits || bits < b->least_bits || rate < a->least_rate || rate < b->least_rate) return STATUS_NO_MATCH;
    u32 frame = channels * bits / 8;
    struct { KSDATAFORMAT head; u16 tag, channels; u32 rate, speed; u16 frame, bits, more; } format = {
        *own, 1, channels, rate, rate * frame, frame, bits, 0};
    *bytes = format.head.FormatSize = sizeof(KSDATAFORMAT) + 18;
    format.head.Flags = 0, format.head.SampleSize = frame;
    if (!room) return STATUS_BUFFER_OVERFLOW;
    if (room == 4) {
        *(u32 *)data = *bytes, *bytes = 4;
        return STATUS_SUCCESS;
    }
    if (room < *bytes) return STATUS_BUFFER_TOO_SMALL;
    memcpy(data, &format, *bytes);
    return STATUS_SUCCESS;
}
static NTSTATUS intersect(IRP *irp, KSP_PIN *pin, KSDATAFORMAT *client, KSDATAFORMAT *own, u32 room, void *data, u32 *bytes) {
    MINIPORT *m = OBJECT_OF(irp)->port->miniport;
    NTSTATUS status = CALL(m, DataRangeIntersection, pin->Id, client, own, room, data, bytes);
    return status == STATUS_NOT_IMPLEMENTED ? pcm(client, own, room, data, bytes) : status;
}
static NTSTATUS wired_to(IRP *irp, PORT *p, u32 pin, void *data) {
    DEVICE *d = DEVICE_OF(p->fdo);
    for (u32 i = 0; i < d->wires; i++) {
        WIRE *w = &d->wire[i];
        int from = w->from == p && w->from_pin == pin;
        PORT *other = from ? w->to : w->from;
        if ((!from && !(w->to == p && w->to_pin == pin)) || !other->links) continue;
        UNICODE_STRING *link = other->link;
        struct { u32 Size, Pin; WCHAR Name[256]; } *answered = NEW(sizeof *answered);
        if (!answered) return STATUS_INSUFFICIENT_RESOURCES;
        answered->Size = 8 + link->Length + 2, answered->Pin = from ? w->to_pin : w->from_pin;
        memcpy(answered->Name, link->Buffer, link->Length);
        NTSTATUS status = answer(irp, data, answered, answered->Size);
        FREE(answered);
        return status;
    }
    return STATUS_NOT_FOUND;
}
static NTSTATUS pin_property(IRP *irp, KSPROPERTY *property, void *data) {
    OBJECT *o = OBJECT_OF(irp);
    const FILTER_DESCRIPTOR *f = o->port->shape;
    u32 count = f->PinCount, id = property->Id == PIN_CTYPES ? 0 : ((KSP_PIN *)property)->Id;
    if (id >= count) return STATUS_INVALID_PARAMETER;
    switch (property->Id) {
    case PIN_CINSTANCES: return answer(irp, data, (u32[]){pin_of(f, id)->MaxFilter, o->counts[id]}, 8);
    case PIN_GLOBALCINSTANCES: return answer(irp, data, (u32[]){pin_of(f, id)->MaxGlobal, o->port->instances[id]}, 8);
    case PIN_NECESSARYINSTANCES: return answer(irp, data, &pin_of(f, id)->MinFilter, 4);
    case PIN_PHYSICALCONNECTION: return wired_to(irp, o->port, id, data);
    case PIN_DATAINTERSECTION: return KsPinDataIntersection(irp, (KSP_PIN *)property, data, count, o->port->pins, intersect);
    default: return KsPinPropertyHandler(irp, property, data, count, o->port->pins);
    }
}

// ---- pins

static NTSTATUS set_state(OBJECT *o, u32 target) {
    NTSTATUS status = STATUS_SUCCESS;
    while (o->state != target && status >= 0) {
        u32 next = o->state < target ? o->state + 1 : o->state - 1;
        if ((status = CALL(o->stream, SetState, next)) >= 0) o->state = next;
    }
    return status;
}
static NTSTATUS get_state(IRP *irp, KSPROPERTY *property, void *data) { (void)property; return answer(irp, data, &OBJECT_OF(irp)->state, 4); }
static NTSTATUS put_state(IRP *irp, KSPROPERTY *property, void *data) {
    (void)property;
    return *(u32 *)data > RUN ? STATUS_INVALID_PARAMETER : set_state(OBJECT_OF(irp), *(u32 *)data);
}
static NTSTATUS get_format(IRP *irp, KSPROPERTY *property, void *data) {
    KSDATAFORMAT *format = OBJECT_OF(irp)->format;
    (void)property;
    return answer(irp, data, format, format->FormatSize);
}
static NTSTATUS put_format(IRP *irp, KSPROPERTY *property, void *data) {
    KSDATAFORMAT *format = OBJECT_OF(irp)->format;
    (void)property;
    if (OUTPUT(irp) < format->FormatSize) return STATUS_BUFFER_TOO_SMALL;
    return memcmp(format, data, format->FormatSize) ? STATUS_INVALID_DEVICE_REQUEST : STATUS_SUCCESS;
}

// DMUS_EVENTHEADER records: size, group, time after the buffer's (two words), flags; padded to 8.
static NTSTATUS unpack(OBJECT *o, const u8 *at, u32 left, i64 base, DMUS_EVENT ***tail) {
    while (left) {
        u32 bytes, group;
        i64 delta;
        if (left < 20) return STATUS_INVALID_PARAMETER;
        memcpy(&bytes, at, 4), memcpy(&group, at + 4, 4), memcpy(&delta, at + 8, 8);
        if (bytes > left - 20) return STATUS_INVALID_PARAMETER;
        for (u32 done = 0, part; done < bytes; done += part) {
            DMUS_EVENT *e;
            part = bytes - done > BUFFER ? BUFFER : bytes - done;
            if (give(o->allocator, &e) < 0) return STATUS_INSUFFICIENT_RESOURCES;
            **tail = e, *tail = &e->Next;
            u8 *to = e->data;
            if (part > 8 && !(to = e->buffer = NEW(BUFFER))) return STATUS_INSUFFICIENT_RESOURCES;
            e->Bytes = part, e->Group = group, e->Time = base + delta, e->Flags = done + part < bytes;
            memcpy(to, at + 20 + done, part);
        }
        u32 next = (20 + bytes + 7) & ~7u;
        if (next > left) next = left;
        at += next, left -= next;
    }
    return STATUS_SUCCESS;
}
static NTSTATUS write_stream(OBJECT *o, IRP *irp) {
    DMUS_EVENT *chain = NULL, **tail = &chain;
    if (!SAME(&o->format->SubFormat, &SUBTYPE_DIRECTMUSIC)) return STATUS_NOT_SUPPORTED;
    if (o->state != RUN) return STATUS_DEVICE_NOT_READY;
    // STREAMWRITE, ALLOCATEMDL, PROBEANDLOCK, SYSTEMADDRESS.
    NTSTATUS status = KsProbeStreamIrp(irp, 0x71, sizeof(KSSTREAM_HEADER));
    struct MDL { struct MDL *Next; u64 o0[2]; u8 *SystemVa; } *mdl = irp->MdlAddress;
    for (u32 at = 0; status >= 0 && at < OUTPUT(irp);) {
        KSSTREAM_HEADER *h = (void *)((u8 *)irp->SystemBuffer + at);
        at += h->Size;
        if (!h->FrameExtent) continue;
        status = unpack(o, mdl->SystemVa, h->DataUsed, h->Denominator ? h->Time * h->Numerator / h->Denominator : h->Time, &tail);
        mdl = mdl->Next;
    }
    irp->IoStatus.Information = status < 0 ? 0 : OUTPUT(irp);
    if (!chain) return status;
    KIRQL level = KfRaiseIrql(2);
    if (status < 0) take_back(o->allocator, chain);
    else CALL(o->stream, PutMessage, chain);
    KeLowerIrql(level);
    return status;
}

static NTSTATUS control(DEVICE_OBJECT *fdo, IRP *irp) {
    OBJECT *o = OBJECT_OF(irp);
    TABLES *t = o->stream ? &o->port->pin[o->id] : &o->port->filter;
    if (!DEVICE_OF(fdo)->running || !o->port->miniport) return complete(irp, STATUS_DEVICE_REMOVED);
    switch (ON(irp).Parameters.Control.IoControlCode) {
    case IOCTL_KS_PROPERTY: return finish(irp, KsPropertyHandler(irp, t->count, t->sets));
    case IOCTL_KS_ENABLE_EVENT: return finish(irp, KsEnableEvent(irp, t->event_count, t->events, &o->port->entries, 0, NULL));
    case IOCTL_KS_DISABLE_EVENT: return finish(irp, KsDisableEvent(irp, &o->port->entries, 0, NULL));
    case IOCTL_KS_WRITE_STREAM: return complete(irp, o->stream ? write_stream(o, irp) : STATUS_INVALID_DEVICE_REQUEST);
    default: return KsDefaultDeviceIoCompletion(fdo, irp);
    }
}

static NTSTATUS close(DEVICE_OBJECT *fdo, IRP *irp) {
    OBJECT *o = OBJECT_OF(irp);
    (void)fdo;
    KsFreeEventList(ON(irp).FileObject, &o->port->entries, 0, NULL);
    ON(irp).FileObject->FsContext = NULL;
    if (o->stream) {
        ((OBJECT *)o->filter->FsContext)->counts[o->id]--, o->port->instances[o->id]--;
        set_state(o, STOP);
        CALL0(o->stream, Release);
        if (o->group) CALL0(o->group, Release);
        CALL0(o->allocator, Release);
        FREE(o->format);
        ObfDereferenceObject(o->filter);
    }
    KsFreeObjectHeader(o->header);
    port_release(o->port);
    FREE(o);
    return complete(irp, STATUS_SUCCESS);
}
static const KSDISPATCH_TABLE dispatch = {.DeviceIoControl = control, .Close = close};

static NTSTATUS open_pin(IRP *irp) {
    FILE_OBJECT *file = ON(irp).FileObject;
    OBJECT *filter = file->RelatedFileObject->FsContext, *o;
    PORT *p = filter->port;
    KSPIN_CONNECT *given, connect;
    u32 size;
    u64 prefetch = 0;
    NTSTATUS status = KsValidateConnectRequest(irp, p->shape->PinCount, p->pins, &given);
    if (status < 0) return status;
    memcpy(&connect, given, sizeof connect), memcpy(&size, (u8 *)given + sizeof connect, 4);
    PIN *pin = pin_of(p->shape, connect.PinId);
    if (filter->counts[connect.PinId] >= pin->MaxFilter || p->instances[connect.PinId] >= pin->MaxGlobal) return STATUS_INSUFFICIENT_RESOURCES;
    if (p->class != DMUS_PORT || pin->Descriptor.DataFlow != 1 || connect.PinToHandle) return STATUS_NOT_SUPPORTED;
    if (!(o = NEW(sizeof *o))) return STATUS_INSUFFICIENT_RESOURCES;
    o->port = p, o->id = connect.PinId, o->filter = file->RelatedFileObject;
    o->format = NEW(size), o->allocator = NEW(sizeof *o->allocator);
    status = o->format && o->allocator ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    if (status >= 0) {
        memcpy(o->format, (u8 *)given + sizeof connect, size);
        o->allocator->vtbl = &allocator_table, o->allocator->references = 1;
        status = CALL(p->miniport, NewStream, &o->stream, NULL, 512, o->id, 0, o->format, &o->group, o->allocator, &master, &prefetch);
    }
    if (status >= 0) status = KsAllocateObjectHeader(&o->header, 0, NULL, irp, &dispatch);
    if (status < 0) {
        if (o->stream) CALL0(o->stream, Release);
        if (o->group) CALL0(o->group, Release);
        if (o->allocator) FREE(o->allocator);
        if (o->format) FREE(o->format);
        FREE(o);
        return status;
    }
    port_add(p);
    ObfReferenceObject(o->filter);
    filter->counts[o->id]++, p->instances[o->id]++;
    file->FsContext = o;
    return STATUS_SUCCESS;
}
static NTSTATUS create_pin(DEVICE_OBJECT *fdo, IRP *irp) { (void)fdo; return complete(irp, open_pin(irp)); }

static NTSTATUS create_filter(DEVICE_OBJECT *fdo, IRP *irp) {
    KSOBJECT_CREATE_ITEM *item = irp->DriverContext[0];
    OBJECT *o = NEW(sizeof *o);
    (void)fdo;
#ifdef FAULTY
    ExFreePoolWithTag(NEW(8), TAG + 1);
#endif
    if (!o) return complete(irp, STATUS_INSUFFICIENT_RESOURCES);
    o->port = item->Context;
    o->item = (KSOBJECT_CREATE_ITEM){create_pin, NULL, {sizeof PIN_CLASS - 2, sizeof PIN_CLASS, PIN_CLASS}, NULL, 0};
    NTSTATUS status = KsAllocateObjectHeader(&o->header, 1, &o->item, irp, &dispatch);
    if (status >= 0) port_add(o->port), ON(irp).FileObject->FsContext = o;
    else FREE(o);
    return complete(irp, status);
}

// ---- the adapter

EXPORT NTSTATUS PcRegisterSubdevice(DEVICE_OBJECT *fdo, WCHAR *name, PORT *p) {
    DEVICE *d = DEVICE_OF(fdo);
    u16 bytes = length_of(name) * 2;
    UNICODE_STRING reference = {bytes, bytes + 2, name};
    if (d->ports == 8) return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS status = KsAddObjectCreateItemToDeviceHeader(((EXTENSION *)fdo->DeviceExtension)->header, create_filter, p, name, NULL);
    if (status < 0) return status;
    port_add(d->port[d->ports++] = p);
    for (u32 i = 0; i < p->shape->CategoryCount && i < LINKS && status >= 0; i++) {
        status = IoRegisterDeviceInterface(d->pdo, &p->shape->Categories[i], &reference, &p->link[i]);
        if (status >= 0) p->links++, status = IoSetDeviceInterfaceState(&p->link[i], 1);
    }
    return status;
}

EXPORT NTSTATUS PcRegisterPhysicalConnection(DEVICE_OBJECT *fdo, PORT *from, u32 from_pin, PORT *to, u32 to_pin) {
    DEVICE *d = DEVICE_OF(fdo);
    if (d->wires == 8) return STATUS_INSUFFICIENT_RESOURCES;
    d->wire[d->wires++] = (WIRE){from, to, from_pin, to_pin};
    return STATUS_SUCCESS;
}

EXPORT NTSTATUS PcRegisterAdapterPowerManagement(UNKNOWN *adapter, DEVICE_OBJECT *fdo) {
    CALL0(DEVICE_OF(fdo)->power = adapter, AddRef);
    return STATUS_SUCCESS;
}
EXPORT NTSTATUS PcUnregisterAdapterPowerManagement(DEVICE_OBJECT *fdo) {
    UNKNOWN *adapter = DEVICE_OF(fdo)->power;
    DEVICE_OF(fdo)->power = NULL;
    if (adapter) CALL0(adapter, Release);
    return STATUS_SUCCESS;
}

static void remove_ports(DEVICE *d, u32 objects) {
    d->running = 0, d->wires = 0;
    for (u32 i = 0; i < objects; i++) d->items[i].Create = NULL;
    while (d->ports) {
        PORT *p = d->port[--d->ports];
        invalidate(p);
        port_release(p);
    }
}

// A list of no resources: what a root-enumerated device has.
static NTSTATUS none_query(UNKNOWN *u, const GUID *id, void **out) { (void)u, (void)id; *out = NULL; return STATUS_INVALID_PARAMETER; }
static u32 none(UNKNOWN *u) { (void)u; return 0; }
static const struct { METHODS(UNKNOWN); u32 (*rest[9])(UNKNOWN *); } no_resources = {none_query, none, none, {none, none, none, none, none, none, none, none, none}};
static UNKNOWN resources = {(void *)&no_resources};

static NTSTATUS pass(DEVICE *d, IRP *irp) {
    irp->CurrentLocation++, irp->CurrentStackLocation++;
    return IofCallDriver(d->lower, irp);
}

static NTSTATUS pnp(DEVICE_OBJECT *fdo, IRP *irp) {
    DEVICE *d = DEVICE_OF(fdo);
    EXTENSION *e = fdo->DeviceExtension;
    NTSTATUS status;
    switch (ON(irp).MinorFunction) {
    case IRP_MN_START_DEVICE:
        status = IoForwardIrpSynchronously(d->lower, irp) ? irp->IoStatus.Status : STATUS_UNSUCCESSFUL;
        if (status >= 0) d->running = 1, status = d->start(fdo, irp, &resources);
        if (status < 0) remove_ports(d, 0);
        return complete(irp, status);
    case IRP_MN_STOP_DEVICE: case IRP_MN_SURPRISE_REMOVAL: case IRP_MN_QUERY_STOP_DEVICE: case IRP_MN_QUERY_REMOVE_DEVICE:
    case IRP_MN_CANCEL_STOP_DEVICE: case IRP_MN_CANCEL_REMOVE_DEVICE:
        if (ON(irp).MinorFunction == IRP_MN_STOP_DEVICE) remove_ports(d, 8);
        if (ON(irp).MinorFunction == IRP_MN_SURPRISE_REMOVAL) {
            d->running = 0;
            for (u32 i = 0; i < d->ports; i++)
                for (u32 k = 0; k < d->port[i]->links; k++) IoSetDeviceInterfaceState(&d->port[i]->link[k], 0);
        }
        irp->IoStatus.Status = STATUS_SUCCESS;
        return pass(d, irp);
    case IRP_MN_REMOVE_DEVICE: {
        DEVICE_OBJECT *lower = d->lower;
        remove_ports(d, 8);
        irp->IoStatus.Status = STATUS_SUCCESS;
        status = pass(d, irp);
        PcUnregisterAdapterPowerManagement(fdo);
        KsFreeDeviceHeader(e->header);
        FREE(d->items);
        FREE(d);
        IoDetachDevice(lower);
        IoDeleteDevice(fdo);
        return status;
    }
    default: return pass(d, irp);
    }
}

EXPORT NTSTATUS PcDispatchIrp(DEVICE_OBJECT *fdo, IRP *irp) {
    switch (ON(irp).MajorFunction) {
    case IRP_MJ_PNP: return pnp(fdo, irp);
    case IRP_MJ_POWER:
        PoStartNextPowerIrp(irp);
        irp->CurrentLocation++, irp->CurrentStackLocation++;
        return PoCallDriver(DEVICE_OF(fdo)->lower, irp);
    case IRP_MJ_SYSTEM_CONTROL: return pass(DEVICE_OF(fdo), irp);
    case IRP_MJ_CREATE:
        if (!DEVICE_OF(fdo)->running) return complete(irp, STATUS_DEVICE_NOT_READY);
        // fall through
    default: return KsDispatchIrp(fdo, irp);
    }
}

static void unload(DRIVER_OBJECT *driver) { (void)driver; }

EXPORT NTSTATUS PcInitializeAdapterDriver(DRIVER_OBJECT *driver, UNICODE_STRING *path, void *add) {
    static const u8 majors[] = {IRP_MJ_PNP, IRP_MJ_POWER, IRP_MJ_SYSTEM_CONTROL, IRP_MJ_CREATE, IRP_MJ_CLOSE, IRP_MJ_DEVICE_CONTROL,
        IRP_MJ_READ, IRP_MJ_WRITE, IRP_MJ_FLUSH_BUFFERS, IRP_MJ_QUERY_SECURITY, IRP_MJ_SET_SECURITY};
    (void)path;
    driver->DriverExtension->AddDevice = add;
    driver->DriverUnload = unload;
    for (u32 i = 0; i < sizeof majors; i++) driver->MajorFunction[majors[i]] = PcDispatchIrp;
    return STATUS_SUCCESS;
}

EXPORT NTSTATUS PcAddAdapterDevice(DRIVER_OBJECT *driver, DEVICE_OBJECT *pdo, void *start, u32 objects, u32 extension) {
    DEVICE_OBJECT *fdo;
    if (!start || !objects || objects > 8 || (extension && extension < 512)) return STATUS_INVALID_PARAMETER;
    NTSTATUS status = IoCreateDevice(driver, extension ? extension : 512, NULL, 0x2F, 0, 0, &fdo);
    if (status < 0) return status;
    EXTENSION *e = fdo->DeviceExtension;
    DEVICE *d = NEW(sizeof *d);
    KSOBJECT_CREATE_ITEM *items = NEW(8 * sizeof *items);
    status = d && items ? KsAllocateDeviceHeader(&e->header, objects, items) : STATUS_INSUFFICIENT_RESOURCES;
    if (status >= 0 && !(d->lower = IoAttachDeviceToDeviceStack(fdo, pdo))) KsFreeDeviceHeader(e->header), status = STATUS_DEVICE_REMOVED;
    if (status < 0) {
        if (d) FREE(d);
        if (items) FREE(items);
        IoDeleteDevice(fdo);
        return status;
    }
    e->device = d, d->pdo = pdo, d->start = start, d->items = items;
    fdo->Flags |= d->lower->Flags & 0x2014;
    fdo->Flags &= ~0x80;
    return STATUS_SUCCESS;
}
