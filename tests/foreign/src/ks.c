// SPDX-License-Identifier: MIT OR Apache-2.0
// A small ks.sys: what a port class driver asks of it, written from the pages of ks.h.
#define KS
#include "ks.h"

static int initialized;

EXPORT NTSTATUS DllInitialize(UNICODE_STRING *path) {
    (void)path;
    initialized = 1;
    return STATUS_SUCCESS;
}
EXPORT NTSTATUS DllUnload(void) { return STATUS_SUCCESS; }
NTSTATUS DriverEntry(DRIVER_OBJECT *driver, UNICODE_STRING *path) { (void)driver, (void)path; return STATUS_SUCCESS; }

// ---- memory of the caller

static NTSTATUS copy_in(IRP *irp, void *from, void *to, u32 bytes) {
    if (irp->RequestorMode != UserMode) {
        memcpy(to, from, bytes);
        return STATUS_SUCCESS;
    }
    __try {
        ProbeForRead(from, bytes, 1);
        memcpy(to, from, bytes);
    } __except (1) {
        return (NTSTATUS)_exception_code();
    }
    return STATUS_SUCCESS;
}

static NTSTATUS probe_write(IRP *irp, void *address, u32 bytes) {
    if (irp->RequestorMode == UserMode) {
        __try {
            ProbeForWrite(address, bytes, 1);
        } __except (1) {
            return (NTSTATUS)_exception_code();
        }
    }
    return STATUS_SUCCESS;
}

// The I/O manager frees the buffer, and copies `Information` bytes of it to the caller if `back`.
static void attach(IRP *irp, void *buffer, int back) {
    irp->SystemBuffer = buffer;
    irp->Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER | (back ? IRP_INPUT_OPERATION : 0);
}

// ---- headers and dispatch

typedef struct { KSOBJECT_CREATE_ITEM *items; u32 count; } DEVICE_HEADER;
typedef struct { KSOBJECT_CREATE_ITEM *items; u32 count; const KSDISPATCH_TABLE *table; } OBJECT_HEADER;

NTSTATUS KsAllocateDeviceHeader(void **out, u32 count, KSOBJECT_CREATE_ITEM *items) {
    DEVICE_HEADER *h = *out = NEW(sizeof *h);
    if (!initialized || !h) return STATUS_INSUFFICIENT_RESOURCES;
    h->items = items, h->count = count;
    return STATUS_SUCCESS;
}

void KsFreeDeviceHeader(void *header) { FREE(header); }

NTSTATUS KsAddObjectCreateItemToDeviceHeader(void *header, DISPATCH *create, void *context, WCHAR *class, void *security) {
    DEVICE_HEADER *h = header;
    u16 bytes = length_of(class) * 2;
#ifdef FULL
    return STATUS_ALLOTTED_SPACE_EXCEEDED;
#endif
    for (u32 i = 0; i < h->count; i++)
        if (!h->items[i].Create) {
            h->items[i] = (KSOBJECT_CREATE_ITEM){create, context, {bytes, bytes, class}, security, 0};
            return STATUS_SUCCESS;
        }
    return STATUS_ALLOTTED_SPACE_EXCEEDED;
}

NTSTATUS KsAllocateObjectHeader(void **out, u32 count, KSOBJECT_CREATE_ITEM *items, IRP *irp, const KSDISPATCH_TABLE *table) {
    (void)irp;
    OBJECT_HEADER *h = *out = NEW(sizeof *h);
    if (!h) return STATUS_INSUFFICIENT_RESOURCES;
    h->items = items, h->count = count, h->table = table;
    return STATUS_SUCCESS;
}

void KsFreeObjectHeader(void *header) { FREE(header); }

static WCHAR lower(WCHAR c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

static NTSTATUS create(DEVICE_OBJECT *device, IRP *irp) {
    FILE_OBJECT *file = ON(irp).FileObject;
    const WCHAR *name = file->FileName.Buffer;
    u32 n = file->FileName.Length / 2, length = 0, count = 0;
    KSOBJECT_CREATE_ITEM *items = NULL;
    while (n && *name == '\\') name++, n--;
    while (length < n && name[length] != '\\') length++;
    if (file->RelatedFileObject) {
        OBJECT_HEADER **h = file->RelatedFileObject->FsContext;
        if (h && *h) items = (*h)->items, count = (*h)->count;
    } else {
        DEVICE_HEADER *h = *(DEVICE_HEADER **)device->DeviceExtension;
        if (h) items = h->items, count = h->count;
    }
    for (u32 i = 0; i < count; i++) {
        u32 k = 0;
        if (!items[i].Create || items[i].ObjectClass.Length != length * 2) continue;
        while (k < length && lower(items[i].ObjectClass.Buffer[k]) == lower(name[k])) k++;
        if (k < length) continue;
        irp->DriverContext[0] = &items[i];
        return items[i].Create(device, irp);
    }
    return complete(irp, STATUS_OBJECT_NAME_NOT_FOUND);
}

NTSTATUS KsDispatchIrp(DEVICE_OBJECT *device, IRP *irp) {
    DISPATCH *routine = NULL;
    u8 major = ON(irp).MajorFunction;
    if (major == IRP_MJ_CREATE) return create(device, irp);
    OBJECT_HEADER **h = ON(irp).FileObject->FsContext;
    if (h && *h) {
        const KSDISPATCH_TABLE *t = (*h)->table;
        routine = major == IRP_MJ_CLOSE ? t->Close : major == IRP_MJ_READ ? t->Read : major == IRP_MJ_WRITE ? t->Write
            : major == IRP_MJ_FLUSH_BUFFERS ? t->Flush : major == IRP_MJ_DEVICE_CONTROL ? t->DeviceIoControl : NULL;
    }
    return routine ? routine(device, irp) : complete(irp, STATUS_INVALID_DEVICE_REQUEST);
}

NTSTATUS KsSetMajorFunctionHandler(DRIVER_OBJECT *driver, u32 major) {
    if (major > IRP_MJ_SET_SECURITY) return STATUS_INVALID_PARAMETER;
    driver->MajorFunction[major] = KsDispatchIrp;
    return STATUS_SUCCESS;
}

NTSTATUS KsDefaultDeviceIoCompletion(DEVICE_OBJECT *device, IRP *irp) {
    (void)device;
    switch (ON(irp).Parameters.Control.IoControlCode) {
    case IOCTL_KS_PROPERTY: case IOCTL_KS_ENABLE_EVENT: case IOCTL_KS_METHOD: return complete(irp, STATUS_PROPSET_NOT_FOUND);
    case IOCTL_KS_DISABLE_EVENT: return complete(irp, STATUS_NOT_FOUND);
    case IOCTL_KS_RESET_STATE: return complete(irp, STATUS_SUCCESS);
    default: return complete(irp, STATUS_INVALID_DEVICE_REQUEST);
    }
}

NTSTATUS KsAcquireResetValue(IRP *irp, u32 *value) {
    u32 reset;
    if (INPUT(irp) < 4) return STATUS_INVALID_BUFFER_SIZE;
    NTSTATUS status = copy_in(irp, ON(irp).Parameters.Control.Type3InputBuffer, &reset, 4);
    if (status < 0) return status;
    if (reset > 1) return STATUS_INVALID_PARAMETER;
    *value = reset;
    return STATUS_SUCCESS;
}

// ---- properties

// Answers with bytes, by the rules for sizes: none asks for the size.
static NTSTATUS answer(IRP *irp, void *data, const void *value, u32 bytes) {
    u32 room = OUTPUT(irp);
    irp->IoStatus.Information = room && room < bytes ? 0 : bytes;
    if (room < bytes) return room ? STATUS_BUFFER_TOO_SMALL : STATUS_BUFFER_OVERFLOW;
    memcpy(data, value, bytes);
    return STATUS_SUCCESS;
}

// As `answer`, a KSMULTIPLE_ITEM before the bytes. Four bytes get the size.
static NTSTATUS answer_list(IRP *irp, void *data, const void *body, u32 bytes, u32 count) {
    KSMULTIPLE_ITEM head = {sizeof head + bytes, count};
    if (OUTPUT(irp) == 4) return answer(irp, data, &head.Size, 4);
    if (OUTPUT(irp) < head.Size) return answer(irp, data, NULL, head.Size);
    memcpy((u8 *)data + sizeof head, body, bytes);
    memcpy(data, &head, sizeof head);
    irp->IoStatus.Information = head.Size;
    return STATUS_SUCCESS;
}

static NTSTATUS support(IRP *irp, void *data, const KSPROPERTY_ITEM *item) {
    u32 words[10] = {BASICSUPPORT | (item->GetPropertyHandler ? GET : 0) | (item->SetPropertyHandler ? SET : 0), sizeof words};
    u32 room = OUTPUT(irp);
    return answer(irp, data, words, room == 0 || room >= sizeof words ? sizeof words : 4);
}

NTSTATUS KsPropertyHandler(IRP *irp, u32 count, const KSPROPERTY_SET *sets) {
    u32 input = INPUT(irp), output = OUTPUT(irp), gap = (output + 7) & ~7u, verb;
    const KSPROPERTY_SET *set = NULL;
    const KSPROPERTY_ITEM *item = NULL;
    irp->IoStatus.Information = 0;
    if (input < sizeof(KSPROPERTY)) return STATUS_INVALID_BUFFER_SIZE;
    if (!irp->SystemBuffer) {
        u8 *copy = NEW(gap + input);
        if (!copy) return STATUS_INSUFFICIENT_RESOURCES;
        NTSTATUS status = copy_in(irp, ON(irp).Parameters.Control.Type3InputBuffer, copy + gap, input);
        int sets = status >= 0 && ((KSPROPERTY *)(copy + gap))->Flags & SET;
        if (status >= 0 && output)
            status = sets ? copy_in(irp, irp->UserBuffer, copy, output) : probe_write(irp, irp->UserBuffer, output);
        if (status < 0) {
            FREE(copy);
            return status;
        }
        attach(irp, copy, output && !sets);
    }
    KSPROPERTY *property = (void *)((u8 *)irp->SystemBuffer + gap);
    void *data = output ? irp->SystemBuffer : NULL;
    verb = property->Flags & ~TOPOLOGY;
    if (!verb || verb & (verb - 1)) return STATUS_INVALID_PARAMETER;
    for (u32 i = 0; i < count && !set; i++)
        if (SAME(sets[i].Set, &property->Set)) set = &sets[i];
    if (!set) return STATUS_PROPSET_NOT_FOUND;
    if (verb == SETSUPPORT) return STATUS_SUCCESS;
    for (u32 i = 0; i < set->PropertiesCount && !item; i++)
        if (set->PropertyItem[i].PropertyId == property->Id) item = &set->PropertyItem[i];
    if (!item) return STATUS_NOT_FOUND;
    if (input < item->MinProperty) return STATUS_INVALID_BUFFER_SIZE;
    irp->DriverContext[0] = (void *)set, irp->DriverContext[3] = (void *)item;
    switch (verb) {
    case GET: case SET: {
        PROPERTY_HANDLER *handler = verb == GET ? item->GetPropertyHandler : item->SetPropertyHandler;
        if (!handler) return STATUS_NOT_FOUND;
        irp->IoStatus.Information = verb == GET || output < item->MinData ? item->MinData : 0;
        if (output < item->MinData) return output ? STATUS_BUFFER_TOO_SMALL : STATUS_BUFFER_OVERFLOW;
        return handler(irp, property, data);
    }
    case BASICSUPPORT: {
        NTSTATUS status = item->SupportHandler ? item->SupportHandler(irp, property, data) : STATUS_NOT_FOUND;
        return status == STATUS_NOT_FOUND ? support(irp, data, item) : status;
    }
    case RELATIONS: return answer_list(irp, data, item->Relations, item->RelationsCount * sizeof(KSPROPERTY), item->RelationsCount);
    default: return STATUS_INVALID_PARAMETER;
    }
}

// ---- pins

static const KSIDENTIFIER streaming = {{0x1A8766A0, 0x62CE, 0x11CF, {0xA5, 0xD6, 0x28, 0xDB, 4, 0xC1, 0, 0}}, 0, 0};
static const KSIDENTIFIER devio = {{0x4747B320, 0x62CE, 0x11CF, {0xA5, 0xD6, 0x28, 0xDB, 4, 0xC1, 0, 0}}, 0, 0};
static const GUID wildcard;

static NTSTATUS answer_name(IRP *irp, void *data, const GUID *name) {
    UNICODE_STRING text;
    if (!name) return STATUS_NOT_FOUND;
    if (RtlStringFromGUID(name, &text) < 0) return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS status = answer(irp, data, text.Buffer, text.Length + 2);
    RtlFreeUnicodeString(&text);
    return status;
}

// Steps over the attribute list that follows a range which says that it has one.
static u32 next_range(const KSPIN_DESCRIPTOR *pin, u32 i) { return i + (pin->DataRanges[i]->Flags & KSDATARANGE_ATTRIBUTES ? 2 : 1); }

// Writes the ranges and their lists of attributes, each 8-aligned, if there is where to; their bytes.
static u32 ranges(const KSPIN_DESCRIPTOR *pin, u8 *to) {
    u32 at = 0;
    for (u32 i = 0; i < pin->DataRangesCount; i = next_range(pin, i)) {
        const KSDATAFORMAT *range = pin->DataRanges[i];
        at = ALIGN8(at);
        if (to) memcpy(to + at, range, range->FormatSize);
        at += range->FormatSize;
        if (!(range->Flags & KSDATARANGE_ATTRIBUTES)) continue;
        const KSATTRIBUTE_LIST *list = (const void *)pin->DataRanges[i + 1];
        u32 start = at = ALIGN8(at);
        at += sizeof(KSMULTIPLE_ITEM);
        for (u32 a = 0; a < list->Count; a++) {
            at = ALIGN8(at);
            if (to) memcpy(to + at, list->Attributes[a], list->Attributes[a]->Size);
            at += list->Attributes[a]->Size;
        }
        if (to) *(KSMULTIPLE_ITEM *)(to + start) = (KSMULTIPLE_ITEM){at - start, list->Count};
    }
    return at;
}

static NTSTATUS answer_ranges(IRP *irp, void *data, const KSPIN_DESCRIPTOR *pin) {
    u32 bytes = ranges(pin, 0);
    u8 *body = NEW(bytes + 1);
    if (!body) return STATUS_INSUFFICIENT_RESOURCES;
    ranges(pin, body);
    NTSTATUS status = answer_list(irp, data, body, bytes, pin->DataRangesCount);
    FREE(body);
    return status;
}

NTSTATUS KsPinPropertyHandler(IRP *irp, KSPROPERTY *property, void *data, u32 count, const KSPIN_DESCRIPTOR *pins) {
    if (property->Id == PIN_CTYPES) return answer(irp, data, &count, 4);
    if (INPUT(irp) < sizeof(KSP_PIN)) return STATUS_INVALID_BUFFER_SIZE;
    if (((KSP_PIN *)property)->Id >= count) return STATUS_INVALID_PARAMETER;
    const KSPIN_DESCRIPTOR *pin = &pins[((KSP_PIN *)property)->Id];
    switch (property->Id) {
    case PIN_DATAFLOW: return answer(irp, data, &pin->DataFlow, 4);
    case PIN_COMMUNICATION: return answer(irp, data, &pin->Communication, 4);
    case PIN_CATEGORY: return pin->Category ? answer(irp, data, pin->Category, sizeof(GUID)) : STATUS_NOT_FOUND;
    case PIN_NAME: return answer_name(irp, data, pin->Name ? pin->Name : pin->Category);
    case PIN_DATARANGES: case PIN_CONSTRAINEDDATARANGES: return answer_ranges(irp, data, pin);
    case PIN_INTERFACES:
        return pin->InterfacesCount ? answer_list(irp, data, pin->Interfaces, pin->InterfacesCount * 24, pin->InterfacesCount)
                                    : answer_list(irp, data, &streaming, 24, 1);
    case PIN_MEDIUMS:
        return pin->MediumsCount ? answer_list(irp, data, pin->Mediums, pin->MediumsCount * 24, pin->MediumsCount)
                                 : answer_list(irp, data, &devio, 24, 1);
    default: return STATUS_NOT_FOUND;
    }
}

static int match(const GUID *a, const GUID *b) { return SAME(a, b) || SAME(a, &wildcard) || SAME(b, &wildcard); }

static int compatible(const KSDATAFORMAT *a, const KSDATAFORMAT *b) {
    return match(&a->MajorFormat, &b->MajorFormat) && match(&a->SubFormat, &b->SubFormat) && match(&a->Specifier, &b->Specifier);
}

NTSTATUS KsPinDataIntersection(IRP *irp, KSP_PIN *pin, void *data, u32 count, const KSPIN_DESCRIPTOR *pins, INTERSECT *intersect) {
    u8 *list = (u8 *)(pin + 1);
    u32 room = INPUT(irp) - sizeof *pin, at = sizeof(KSMULTIPLE_ITEM);
    KSMULTIPLE_ITEM *head = (void *)list;
    if (pin->Id >= count) return STATUS_INVALID_PARAMETER;
    if (INPUT(irp) < sizeof *pin + sizeof *head || head->Size > room) return STATUS_INVALID_BUFFER_SIZE;
    for (u32 n = 0, attributes = 0; n < head->Count; n++) {
        KSDATAFORMAT *client = (void *)(list + at);
        if (attributes) {
            KSMULTIPLE_ITEM *skip = (void *)client;
            if (at > head->Size || head->Size - at < sizeof *skip || skip->Size > head->Size - at) return STATUS_INVALID_BUFFER_SIZE;
            at += ALIGN8(skip->Size);
            attributes = 0;
            continue;
        }
        if (at > head->Size || head->Size - at < sizeof *client || client->FormatSize < sizeof *client
            || client->FormatSize > head->Size - at) return STATUS_INVALID_BUFFER_SIZE;
        at += ALIGN8(client->FormatSize);
        attributes = client->Flags & KSDATARANGE_ATTRIBUTES;
        for (u32 i = 0; i < pins[pin->Id].DataRangesCount; i = next_range(&pins[pin->Id], i)) {
            KSDATAFORMAT *own = (void *)pins[pin->Id].DataRanges[i];
            u32 bytes = 0;
            if (!compatible(client, own)) continue;
            NTSTATUS status = intersect(irp, pin, client, own, OUTPUT(irp), data, &bytes);
            if (status == STATUS_NO_MATCH) continue;
            irp->IoStatus.Information = bytes;
            return status;
        }
    }
    return STATUS_NO_MATCH;
}

static int listed(const KSIDENTIFIER *list, u32 count, const KSIDENTIFIER *standard, const KSIDENTIFIER *wanted) {
    if (!count) list = standard, count = 1;
    for (u32 i = 0; i < count; i++)
        if (SAME(&list[i].Set, &wanted->Set) && list[i].Id == wanted->Id) return 1;
    return 0;
}

// The structure follows the class name and a backslash: it is not aligned, so it is looked at in a copy.
NTSTATUS KsValidateConnectRequest(IRP *irp, u32 count, const KSPIN_DESCRIPTOR *pins, KSPIN_CONNECT **out) {
    UNICODE_STRING *name = &ON(irp).FileObject->FileName;
    u32 skip = (name->Length && *name->Buffer == '\\') * 2 + sizeof PIN_CLASS, bytes;
    KSPIN_CONNECT connect;
    KSDATAFORMAT format;
    if (name->Length < skip + sizeof connect + sizeof format) return STATUS_INVALID_BUFFER_SIZE;
    bytes = name->Length - skip - sizeof connect;
    memcpy(&connect, (u8 *)name->Buffer + skip, sizeof connect);
    memcpy(&format, (u8 *)name->Buffer + skip + sizeof connect, sizeof format);
    if (format.FormatSize < sizeof format || format.FormatSize > bytes) return STATUS_INVALID_BUFFER_SIZE;
    if (connect.PinId >= count) return STATUS_INVALID_PARAMETER;
    const KSPIN_DESCRIPTOR *pin = &pins[connect.PinId];
    if (!listed(pin->Interfaces, pin->InterfacesCount, &streaming, &connect.Interface)
        || !listed(pin->Mediums, pin->MediumsCount, &devio, &connect.Medium)) return STATUS_NO_MATCH;
    if (pin->Communication != BOTH && pin->Communication != (connect.PinToHandle ? SOURCE : SINK)) return STATUS_INVALID_PARAMETER;
    for (u32 i = 0; i < pin->DataRangesCount; i = next_range(pin, i))
        if (compatible(&format, pin->DataRanges[i])) {
            *out = (void *)((u8 *)name->Buffer + skip);
            return STATUS_SUCCESS;
        }
    return STATUS_NO_MATCH;
}

NTSTATUS KsTopologyPropertyHandler(IRP *irp, KSPROPERTY *property, void *data, const KSTOPOLOGY *t) {
    switch (property->Id) {
    case 0: return answer_list(irp, data, t->Categories, t->CategoriesCount * sizeof(GUID), t->CategoriesCount);
    case 1: return answer_list(irp, data, t->TopologyNodes, t->TopologyNodesCount * sizeof(GUID), t->TopologyNodesCount);
    case 2: return answer_list(irp, data, t->TopologyConnections, t->TopologyConnectionsCount * 16, t->TopologyConnectionsCount);
    case 3:
        if (INPUT(irp) < sizeof(KSP_NODE)) return STATUS_INVALID_BUFFER_SIZE;
        if (((KSP_NODE *)property)->Id >= t->TopologyNodesCount) return STATUS_INVALID_PARAMETER;
        return answer_name(irp, data, &t->TopologyNodesNames[((KSP_NODE *)property)->Id]);
    default: return STATUS_NOT_FOUND;
    }
}

// ---- streams

NTSTATUS KsProbeStreamIrp(IRP *irp, u32 flags, u32 least) {
    u32 length = OUTPUT(irp), write = flags & 1;
    u8 *headers = irp->SystemBuffer;
    if (least < sizeof(KSSTREAM_HEADER)) least = sizeof(KSSTREAM_HEADER);
    if (!headers) {
        if (length < least) return STATUS_INVALID_BUFFER_SIZE;
        if (!(headers = NEW(length))) return STATUS_INSUFFICIENT_RESOURCES;
        NTSTATUS status = copy_in(irp, irp->UserBuffer, headers, length);
        for (u32 at = 0; status >= 0 && at < length; at += ((KSSTREAM_HEADER *)(headers + at))->Size) {
            KSSTREAM_HEADER *h = (void *)(headers + at);
            if (length - at < least || h->Size < least || h->Size % 8 || h->Size > length - at
                || (write ? h->DataUsed > h->FrameExtent : h->DataUsed)) status = STATUS_INVALID_BUFFER_SIZE;
            if (status < 0) break;
        }
        if (status < 0) {
            FREE(headers);
            return status;
        }
        attach(irp, headers, !write);
    }
    if (!(flags & 0x10) || irp->MdlAddress) return STATUS_SUCCESS;
    for (u32 at = 0; at < length; at += ((KSSTREAM_HEADER *)(headers + at))->Size) {
        KSSTREAM_HEADER *h = (void *)(headers + at);
        if (!h->FrameExtent) continue;
        void *mdl = IoAllocateMdl(h->Data, h->FrameExtent, irp->MdlAddress != NULL, 0, irp);
        if (!mdl) return STATUS_INSUFFICIENT_RESOURCES;
        if (!(flags & 0x20)) continue;
        __try {
            MmProbeAndLockPages(mdl, irp->RequestorMode, !write);
        } __except (1) {
            return (NTSTATUS)_exception_code();
        }
        if (flags & 0x40 && !MmMapLockedPagesSpecifyCache(mdl, 0, 1, NULL, 0, 0x40000010)) return STATUS_INSUFFICIENT_RESOURCES;
    }
    return STATUS_SUCCESS;
}

// ---- events

NTSTATUS KsEnableEvent(IRP *irp, u32 count, const KSEVENT_SET *sets, LIST_ENTRY *list, u32 kind, void *lock) {
    KSEVENT event;
    const KSEVENT_SET *set = NULL;
    const KSEVENT_ITEM *item = NULL;
    (void)kind, (void)lock;
    if (INPUT(irp) < sizeof event) return STATUS_INVALID_BUFFER_SIZE;
    NTSTATUS status = copy_in(irp, ON(irp).Parameters.Control.Type3InputBuffer, &event, sizeof event);
    if (status < 0) return status;
    for (u32 i = 0; i < count && !set; i++)
        if (SAME(sets[i].Set, &event.Set)) set = &sets[i];
    if (!set) return STATUS_PROPSET_NOT_FOUND;
    u32 verb = event.Flags & ~TOPOLOGY;
    if (verb == SETSUPPORT) return STATUS_SUCCESS;
    for (u32 i = 0; i < set->EventsCount && !item; i++)
        if (set->EventItem[i].EventId == event.Id) item = &set->EventItem[i];
    if (!item) return STATUS_NOT_FOUND;
    if (verb == BASICSUPPORT) return item->SupportHandler ? item->SupportHandler(irp, &event, NULL) : STATUS_SUCCESS;
    if (verb != 1 && verb != 2) return STATUS_INVALID_PARAMETER;

    KSEVENTDATA data;
    void *object;
    if (OUTPUT(irp) < sizeof data) return STATUS_BUFFER_TOO_SMALL;
    if ((status = copy_in(irp, irp->UserBuffer, &data, sizeof data)) < 0) return status;
    if (data.NotificationType != 1) return STATUS_INVALID_PARAMETER;
    status = ObReferenceObjectByHandle(data.Event, 2, *(void **)&ExEventObjectType, irp->RequestorMode, &object, NULL);
    if (status < 0) return status;
    KSEVENT_ENTRY *e = NEW(sizeof *e + item->ExtraEntryData);
    if (!e) {
        ObfDereferenceObject(object);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    e->Object = object, e->EventData = irp->UserBuffer, e->NotificationType = 1;
    e->EventSet = set, e->EventItem = item, e->FileObject = ON(irp).FileObject, e->Flags = verb == 2 ? 2 : 0;
    if (item->AddHandler) status = item->AddHandler(irp, &data, e);
    else list_insert(list->Blink, &e->ListEntry);
    if (status < 0) {
        ObfDereferenceObject(object);
        FREE(e);
    }
    return status;
}

static void discard(KSEVENT_ENTRY *e) {
    if (e->EventItem->RemoveHandler) e->EventItem->RemoveHandler(e->FileObject, e);
    else list_remove(&e->ListEntry);
    ObfDereferenceObject(e->Object);
    FREE(e);
}

NTSTATUS KsDisableEvent(IRP *irp, LIST_ENTRY *list, u32 kind, void *lock) {
    NTSTATUS status = INPUT(irp) ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS;
    (void)kind, (void)lock;
    for (LIST_ENTRY *at = list->Flink, *next; at != list; at = next) {
        KSEVENT_ENTRY *e = (void *)at;
        next = at->Flink;
        if (e->FileObject != ON(irp).FileObject
            || (INPUT(irp) && e->EventData != ON(irp).Parameters.Control.Type3InputBuffer)) continue;
        discard(e);
        status = STATUS_SUCCESS;
    }
    return status;
}

void KsFreeEventList(FILE_OBJECT *file, LIST_ENTRY *list, u32 kind, void *lock) {
    (void)kind, (void)lock;
    for (LIST_ENTRY *at = list->Flink, *next; at != list; at = next) {
        next = at->Flink;
        if (((KSEVENT_ENTRY *)at)->FileObject == file) discard((void *)at);
    }
}

NTSTATUS KsGenerateEvent(KSEVENT_ENTRY *entry) {
    KeSetEvent(entry->Object, 0, 0);
    return STATUS_SUCCESS;
}

// ---- queues of requests that may be cancelled

#define OF(entry) ((IRP *)((u8 *)(entry) - OFFSET(IRP, ListEntry)))
#define TAKE(irp) __atomic_exchange_n(&(irp)->CancelRoutine, NULL, __ATOMIC_SEQ_CST)

static void cancel(DEVICE_OBJECT *device, IRP *irp) {
    u64 *lock = irp->DriverContext[1];
    (void)device;
    IoReleaseCancelSpinLock(irp->CancelIrql);
    KIRQL level = KeAcquireSpinLockRaiseToDpc(lock);
    list_remove(&irp->ListEntry);
    KeReleaseSpinLock(lock, level);
    irp->IoStatus.Information = 0;
    complete(irp, STATUS_CANCELLED);
}

void KsAddIrpToCancelableQueue(LIST_ENTRY *queue, u64 *lock, IRP *irp, u32 location, void *routine) {
    irp->DriverContext[1] = lock;
    ON(irp).Control |= SL_PENDING_RETURNED;
    KIRQL level = KeAcquireSpinLockRaiseToDpc(lock);
    list_insert(location == 0 ? queue->Blink : queue, &irp->ListEntry);
    irp->CancelRoutine = routine ? routine : (void *)cancel;
    int gone = irp->Cancel && TAKE(irp);
    if (gone) list_remove(&irp->ListEntry);
    KeReleaseSpinLock(lock, level);
    if (gone) complete(irp, STATUS_CANCELLED);
}

IRP *KsRemoveIrpFromCancelableQueue(LIST_ENTRY *queue, u64 *lock, u32 location, u32 operation) {
    IRP *found = NULL;
    KIRQL level = KeAcquireSpinLockRaiseToDpc(lock);
    for (LIST_ENTRY *at = location ? queue->Flink : queue->Blink; at != queue; at = location ? at->Flink : at->Blink) {
        if (TAKE(OF(at))) {
            found = OF(at);
            if (operation == 1 || operation == 3) list_remove(at);
            break;
        }
        if (operation >= 2) break;
    }
    KeReleaseSpinLock(lock, level);
    return found;
}

void KsCancelIo(LIST_ENTRY *queue, u64 *lock) {
    for (IRP *irp; (irp = KsRemoveIrpFromCancelableQueue(queue, lock, 1, 1)); complete(irp, STATUS_CANCELLED)) {
        irp->Cancel = 1;
        irp->IoStatus.Information = 0;
    }
}
