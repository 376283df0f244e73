// SPDX-License-Identifier: MIT OR Apache-2.0
//! Control codes, item ids and flags.

use super::{CTL_CODE, KSPIN_COMMUNICATION, KSPIN_DATAFLOW, KSSTATE};

/// Device type of kernel streaming's control codes.
pub const FILE_DEVICE_KS: u32 = 0x2F;
/// Device type of a sound device, as an INF sets it.
pub const FILE_DEVICE_SOUND: u32 = 0x1D;
/// Way of passing buffers: the caller's addresses as they are.
pub const METHOD_NEITHER: u32 = 3;
/// Access a control code needs: none in particular.
pub const FILE_ANY_ACCESS: u32 = 0;
/// Access a control code needs: a handle opened for reading.
pub const FILE_READ_ACCESS: u32 = 1;
/// Access a control code needs: a handle opened for writing.
pub const FILE_WRITE_ACCESS: u32 = 2;

/// Property request: in `KSPROPERTY` and instance, out or in the value.
pub const IOCTL_KS_PROPERTY: u32 = CTL_CODE(FILE_DEVICE_KS, 0, METHOD_NEITHER, FILE_ANY_ACCESS);
/// Enables an event: in `KSEVENT`, with its data.
pub const IOCTL_KS_ENABLE_EVENT: u32 = CTL_CODE(FILE_DEVICE_KS, 1, METHOD_NEITHER, FILE_ANY_ACCESS);
/// Disables an event: in the `KSEVENTDATA` that it was enabled with; none for all events of the handle.
pub const IOCTL_KS_DISABLE_EVENT: u32 =
    CTL_CODE(FILE_DEVICE_KS, 2, METHOD_NEITHER, FILE_ANY_ACCESS);
/// Method request: in `KSMETHOD`, with its data.
pub const IOCTL_KS_METHOD: u32 = CTL_CODE(FILE_DEVICE_KS, 3, METHOD_NEITHER, FILE_ANY_ACCESS);
/// Writes to a pin: `KSSTREAM_HEADER`, one or more.
pub const IOCTL_KS_WRITE_STREAM: u32 =
    CTL_CODE(FILE_DEVICE_KS, 4, METHOD_NEITHER, FILE_WRITE_ACCESS);
/// Reads from a pin: `KSSTREAM_HEADER`, one or more.
pub const IOCTL_KS_READ_STREAM: u32 = CTL_CODE(FILE_DEVICE_KS, 5, METHOD_NEITHER, FILE_READ_ACCESS);
/// Resets a pin, which drops what is queued: in `KSRESET_*`.
pub const IOCTL_KS_RESET_STATE: u32 = CTL_CODE(FILE_DEVICE_KS, 6, METHOD_NEITHER, FILE_ANY_ACCESS);
/// Private agreement between the two pins of a connection.
pub const IOCTL_KS_HANDSHAKE: u32 = CTL_CODE(FILE_DEVICE_KS, 7, METHOD_NEITHER, FILE_ANY_ACCESS);

/// The first state: no data, no resources; what is held is given back.
pub const KSSTATE_STOP: KSSTATE = 0;
/// Resources are being acquired.
pub const KSSTATE_ACQUIRE: KSSTATE = 1;
/// Ready; data wait, time stands.
pub const KSSTATE_PAUSE: KSSTATE = 2;
/// Data and time move.
pub const KSSTATE_RUN: KSSTATE = 3;

/// The reset begins: requests are refused from now on.
pub const KSRESET_BEGIN: i32 = 0;
/// The reset is over.
pub const KSRESET_END: i32 = 1;

/// Priority class: low.
pub const KSPRIORITY_LOW: u32 = 1;
/// Priority class: that of programs.
pub const KSPRIORITY_NORMAL: u32 = 0x4000_0000;
/// Priority class: high.
pub const KSPRIORITY_HIGH: u32 = 0x8000_0000;
/// Priority class: alone.
pub const KSPRIORITY_EXCLUSIVE: u32 = 0xFFFF_FFFF;

/// Verb: reads the value.
pub const KSPROPERTY_TYPE_GET: u32 = 1;
/// Verb: writes the value.
pub const KSPROPERTY_TYPE_SET: u32 = 2;
/// Verb: is there the set? With a null set: which sets are there.
pub const KSPROPERTY_TYPE_SETSUPPORT: u32 = 0x100;
/// Verb: what the property can, its type and values.
pub const KSPROPERTY_TYPE_BASICSUPPORT: u32 = 0x200;
/// Verb: the properties that change with this one.
pub const KSPROPERTY_TYPE_RELATIONS: u32 = 0x400;
/// Verb: reads all properties of the set in one buffer.
pub const KSPROPERTY_TYPE_SERIALIZESET: u32 = 0x800;
/// Verb: writes all properties of that buffer.
pub const KSPROPERTY_TYPE_UNSERIALIZESET: u32 = 0x1000;
/// Verb: reads the set in a form of the handler's own.
pub const KSPROPERTY_TYPE_SERIALIZERAW: u32 = 0x2000;
/// Verb: writes the set from that form.
pub const KSPROPERTY_TYPE_UNSERIALIZERAW: u32 = 0x4000;
/// Verb: bytes of the value when the set is serialized, `u32`.
pub const KSPROPERTY_TYPE_SERIALIZESIZE: u32 = 0x8000;
/// Verb: as basic support, with the value that the property starts with.
pub const KSPROPERTY_TYPE_DEFAULTVALUES: u32 = 0x1_0000;
/// Flag beside a verb: the request is a `KSP_NODE` and goes to its node.
pub const KSPROPERTY_TYPE_TOPOLOGY: u32 = 0x1000_0000;

/// Item flag: the data are not used.
pub const KSMETHOD_TYPE_NONE: u32 = 0;
/// Item flag: the method reads the data.
pub const KSMETHOD_TYPE_READ: u32 = 1;
/// Item flag: the method writes the data.
pub const KSMETHOD_TYPE_WRITE: u32 = 2;
/// Item flag: the method reads and writes the data.
pub const KSMETHOD_TYPE_MODIFY: u32 = 3;
/// Item flag beside the others: the data are locked in place, not buffered.
pub const KSMETHOD_TYPE_SOURCE: u32 = 4;
/// Verb: executes the method.
pub const KSMETHOD_TYPE_SEND: u32 = 1;
/// Verb: is there the set?
pub const KSMETHOD_TYPE_SETSUPPORT: u32 = 0x100;
/// Verb: is there the method, and how does it use its data?
pub const KSMETHOD_TYPE_BASICSUPPORT: u32 = 0x200;
/// Flag beside a verb: the request names a node.
pub const KSMETHOD_TYPE_TOPOLOGY: u32 = 0x1000_0000;

/// Members are ranges: `KSPROPERTY_BOUNDS_*`.
pub const KSPROPERTY_MEMBER_RANGES: u32 = 1;
/// Members are ranges with steps: `KSPROPERTY_STEPPING_*`.
pub const KSPROPERTY_MEMBER_STEPPEDRANGES: u32 = 2;
/// Members are values.
pub const KSPROPERTY_MEMBER_VALUES: u32 = 3;
/// The list holds default values.
pub const KSPROPERTY_MEMBER_FLAG_DEFAULT: u32 = 1;
/// The list has one member for each channel of the node.
pub const KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_MULTICHANNEL: u32 = 2;
/// Beside multichannel: one value holds for all channels.
pub const KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_UNIFORM: u32 = 4;

// `KSPROPERTY_DESCRIPTION.PropTypeSet.Id` under KSPROPTYPESETID_General.
/// No type, or a structure.
pub const VT_EMPTY: u32 = 0;
/// `i32`.
pub const VT_I4: u32 = 3;
/// `BOOL`.
pub const VT_BOOL: u32 = 11;
/// `i64`.
pub const VT_I8: u32 = 20;
/// `u32`.
pub const VT_UI4: u32 = 19;
/// `u64`.
pub const VT_UI8: u32 = 21;
/// `f32`.
pub const VT_R4: u32 = 4;

/// Notification: sets an event, by a handle of the process.
pub const KSEVENTF_EVENT_HANDLE: u32 = 1;
/// Notification: releases a semaphore, by a handle of the process.
pub const KSEVENTF_SEMAPHORE_HANDLE: u32 = 2;
/// Notification: sets an event. Kernel mode only, like those below.
pub const KSEVENTF_EVENT_OBJECT: u32 = 4;
/// Notification: releases a semaphore.
pub const KSEVENTF_SEMAPHORE_OBJECT: u32 = 8;
/// Notification: queues a DPC.
pub const KSEVENTF_DPC: u32 = 0x10;
/// Notification: queues a work item.
pub const KSEVENTF_WORKITEM: u32 = 0x20;
/// Notification: queues a work item at a worker of `ks.sys`.
pub const KSEVENTF_KSWORKITEM: u32 = 0x80;

/// Verb: each occurrence, until the event is disabled.
pub const KSEVENT_TYPE_ENABLE: u32 = 1;
/// Verb: the next occurrence alone.
pub const KSEVENT_TYPE_ONESHOT: u32 = 2;
/// Verb: occurrences are collected, for `KSEVENT_TYPE_QUERYBUFFER`.
pub const KSEVENT_TYPE_ENABLEBUFFERED: u32 = 4;
/// Verb: is there the set? With a null set: which sets are there.
pub const KSEVENT_TYPE_SETSUPPORT: u32 = 0x100;
/// Verb: is there the event?
pub const KSEVENT_TYPE_BASICSUPPORT: u32 = 0x200;
/// Verb: the next occurrence that was collected; the request is a `KSQUERYBUFFER`.
pub const KSEVENT_TYPE_QUERYBUFFER: u32 = 0x400;
/// Flag beside a verb: the request names a node.
pub const KSEVENT_TYPE_TOPOLOGY: u32 = 0x1000_0000;

/// Flag of an entry: it is disabled and waits to be freed.
pub const KSEVENT_ENTRY_DELETED: u32 = 1;
/// Flag of an entry: for one occurrence.
pub const KSEVENT_ENTRY_ONESHOT: u32 = 2;
/// Flag of an entry: occurrences are collected.
pub const KSEVENT_ENTRY_BUFFERED: u32 = 4;

/// Lock of an event list: none.
pub const KSEVENTS_NONE: i32 = 0;
/// Lock of an event list: `KSPIN_LOCK`.
pub const KSEVENTS_SPINLOCK: i32 = 1;
/// Lock of an event list: `KMUTEX`.
pub const KSEVENTS_MUTEX: i32 = 2;
/// Lock of an event list: `FAST_MUTEX`, which raises to APC_LEVEL.
pub const KSEVENTS_FMUTEX: i32 = 3;
/// Lock of an event list: `FAST_MUTEX`, acquired without raising.
pub const KSEVENTS_FMUTEXUNSAFE: i32 = 4;
/// Lock of an event list: that of an interrupt.
pub const KSEVENTS_INTERRUPT: i32 = 5;
/// Lock of an event list: `ERESOURCE`.
pub const KSEVENTS_ERESOURCE: i32 = 6;

/// From a time on, at every interval; data `KSEVENT_TIME_INTERVAL`.
pub const KSEVENT_CLOCK_INTERVAL_MARK: u32 = 0;
/// At a time; data `KSEVENT_TIME_MARK`.
pub const KSEVENT_CLOCK_POSITION_MARK: u32 = 1;
/// The position of the stream was changed.
pub const KSEVENT_CONNECTION_POSITIONUPDATE: u32 = 0;
/// Data are missing.
pub const KSEVENT_CONNECTION_DATADISCONTINUITY: u32 = 1;
/// Time jumps.
pub const KSEVENT_CONNECTION_TIMEDISCONTINUITY: u32 = 2;
/// The connection gained or lost its resources to another priority.
pub const KSEVENT_CONNECTION_PRIORITY: u32 = 3;
/// The stream is at its end.
pub const KSEVENT_CONNECTION_ENDOFSTREAM: u32 = 4;

/// Get, filter, value `KSCOMPONENTID`: maker, product and name.
pub const KSPROPERTY_GENERAL_COMPONENTID: u32 = 0;

/// Get, filter, list of GUIDs: the filter's categories.
pub const KSPROPERTY_TOPOLOGY_CATEGORIES: u32 = 0;
/// Get, filter, list of GUIDs: the types of the nodes.
pub const KSPROPERTY_TOPOLOGY_NODES: u32 = 1;
/// Get, filter, list of `KSTOPOLOGY_CONNECTION`.
pub const KSPROPERTY_TOPOLOGY_CONNECTIONS: u32 = 2;
/// Get, filter, request `KSP_NODE`, value UTF-16: the name of a node.
pub const KSPROPERTY_TOPOLOGY_NAME: u32 = 3;
/// The filter itself as the end of a connection.
pub const KSFILTER_NODE: u32 = 0xFFFF_FFFF;

/// Get, filter, request `KSP_PIN`, value `KSPIN_CINSTANCES`: of this filter instance.
pub const KSPROPERTY_PIN_CINSTANCES: u32 = 0;
/// Get, filter, value `u32`: how many pins there are.
pub const KSPROPERTY_PIN_CTYPES: u32 = 1;
/// Get, filter, request `KSP_PIN`, value `KSPIN_DATAFLOW`.
pub const KSPROPERTY_PIN_DATAFLOW: u32 = 2;
/// Get, filter, request `KSP_PIN`, list of `KSDATARANGE`: all that the pin can have.
pub const KSPROPERTY_PIN_DATARANGES: u32 = 3;
/// Get, filter, request `KSP_PIN` and a list of ranges, value `KSDATAFORMAT`: the best format of both.
pub const KSPROPERTY_PIN_DATAINTERSECTION: u32 = 4;
/// Get, filter, request `KSP_PIN`, list of `KSPIN_INTERFACE`.
pub const KSPROPERTY_PIN_INTERFACES: u32 = 5;
/// Get, filter, request `KSP_PIN`, list of `KSPIN_MEDIUM`.
pub const KSPROPERTY_PIN_MEDIUMS: u32 = 6;
/// Get, filter, request `KSP_PIN`, value `KSPIN_COMMUNICATION`.
pub const KSPROPERTY_PIN_COMMUNICATION: u32 = 7;
/// Get, filter, request `KSP_PIN`, value `KSPIN_CINSTANCES`: of all filter instances.
pub const KSPROPERTY_PIN_GLOBALCINSTANCES: u32 = 8;
/// Get, filter, request `KSP_PIN`, value `u32`: instances without which the filter does nothing.
pub const KSPROPERTY_PIN_NECESSARYINSTANCES: u32 = 9;
/// Get, filter, request `KSP_PIN`, value `KSPIN_PHYSICALCONNECTION`: where a bridge pin leads.
pub const KSPROPERTY_PIN_PHYSICALCONNECTION: u32 = 10;
/// Get, filter, request `KSP_PIN`, value a GUID: what the pin is.
pub const KSPROPERTY_PIN_CATEGORY: u32 = 11;
/// Get, filter, request `KSP_PIN`, value UTF-16: the pin's name.
pub const KSPROPERTY_PIN_NAME: u32 = 12;
/// Get, filter, request `KSP_PIN`, list of `KSDATARANGE`: those that are possible now.
pub const KSPROPERTY_PIN_CONSTRAINEDDATARANGES: u32 = 13;
/// Set, filter, request `KSP_PIN`, value `KSDATAFORMAT`: could the pin be made with it? Success is yes.
pub const KSPROPERTY_PIN_PROPOSEDATAFORMAT: u32 = 14;
/// Get, filter, request `KSP_PIN` and attributes, value `KSDATAFORMAT`: the format that the pin would have.
pub const KSPROPERTY_PIN_PROPOSEDATAFORMAT2: u32 = 15;

/// Number of instances without a limit.
pub const KSINSTANCE_INDETERMINATE: u32 = 0xFFFF_FFFF;
/// Data go into the filter.
pub const KSPIN_DATAFLOW_IN: KSPIN_DATAFLOW = 1;
/// Data come out of the filter.
pub const KSPIN_DATAFLOW_OUT: KSPIN_DATAFLOW = 2;
/// Nobody can connect: a bridge to another filter or to the world.
pub const KSPIN_COMMUNICATION_NONE: KSPIN_COMMUNICATION = 0;
/// Takes requests: programs open it.
pub const KSPIN_COMMUNICATION_SINK: KSPIN_COMMUNICATION = 1;
/// Sends requests to the pin that it is connected to.
pub const KSPIN_COMMUNICATION_SOURCE: KSPIN_COMMUNICATION = 2;
/// Either, as it is opened.
pub const KSPIN_COMMUNICATION_BOTH: KSPIN_COMMUNICATION = 3;
/// Connects to no pin of another filter, but can be opened, for requests that are not KS's.
pub const KSPIN_COMMUNICATION_BRIDGE: KSPIN_COMMUNICATION = 4;
/// Standard interface: `KSSTREAM_HEADER` in requests.
pub const KSINTERFACE_STANDARD_STREAMING: u32 = 0;
/// Standard interface: a buffer that is played round and round.
pub const KSINTERFACE_STANDARD_LOOPED_STREAMING: u32 = 1;
/// Standard interface: no data.
pub const KSINTERFACE_STANDARD_CONTROL: u32 = 2;
/// Instance of the standard medium: any.
pub const KSMEDIUM_TYPE_ANYINSTANCE: u32 = 0;
/// The same, by the name of the medium: requests to the device.
pub const KSMEDIUM_STANDARD_DEVIO: u32 = 0;
/// Flag of a format: attributes follow.
pub const KSDATAFORMAT_ATTRIBUTES: u32 = 2;
/// Flag of a range: attributes follow.
pub const KSDATARANGE_ATTRIBUTES: u32 = 2;
/// Flag of a range, beside the other: one of the attributes is required.
pub const KSDATARANGE_REQUIRED_ATTRIBUTES: u32 = 4;

/// Get and set, pin, value `KSSTATE`; PortCls sets it by the stream's `SetState`.
pub const KSPROPERTY_CONNECTION_STATE: u32 = 0;
/// Get and set, pin, value `KSPRIORITY`.
pub const KSPROPERTY_CONNECTION_PRIORITY: u32 = 1;
/// Get and set, pin, value `KSDATAFORMAT`; PortCls sets it by the stream's `SetFormat`.
pub const KSPROPERTY_CONNECTION_DATAFORMAT: u32 = 2;
/// Get, pin, value `KSALLOCATOR_FRAMING`: what the pin wants of its buffers.
pub const KSPROPERTY_CONNECTION_ALLOCATORFRAMING: u32 = 3;
/// Set, pin, value `KSDATAFORMAT`: could the open pin change to it? Success is yes.
pub const KSPROPERTY_CONNECTION_PROPOSEDATAFORMAT: u32 = 4;
/// Get, pin, value `BOOL`: the pin must reach ACQUIRE after those that feed it.
pub const KSPROPERTY_CONNECTION_ACQUIREORDERING: u32 = 5;
/// Get, pin, value `KSALLOCATOR_FRAMING_EX`: the same with alternatives and weights.
pub const KSPROPERTY_CONNECTION_ALLOCATORFRAMING_EX: u32 = 6;
/// Set, pin, value `KSRELATIVEEVENT`: the stream is to start when an event of another object occurs.
pub const KSPROPERTY_CONNECTION_STARTAT: u32 = 7;

/// Get and set, pin, value a handle: the allocator that the pin uses.
pub const KSPROPERTY_STREAM_ALLOCATOR: u32 = 0;
/// Get, pin, value `KSQUALITY_MANAGER`: whom the pin reports to when it is late.
pub const KSPROPERTY_STREAM_QUALITY: u32 = 1;
/// Get and set, pin: by which means it does less when it is late.
pub const KSPROPERTY_STREAM_DEGRADATION: u32 = 2;
/// Get and set, pin, value a handle: the clock that the pin follows; null for none.
pub const KSPROPERTY_STREAM_MASTERCLOCK: u32 = 3;
/// Get, pin, value a GUID: the unit of its times.
pub const KSPROPERTY_STREAM_TIMEFORMAT: u32 = 4;
/// Get and set, pin, value `KSTIME`: where the stream is.
pub const KSPROPERTY_STREAM_PRESENTATIONTIME: u32 = 5;
/// Get, pin, value `i64`: how long the stream is.
pub const KSPROPERTY_STREAM_PRESENTATIONEXTENT: u32 = 6;
/// Get, pin, value `KSFRAMETIME`.
pub const KSPROPERTY_STREAM_FRAMETIME: u32 = 7;
/// Get, pin, request `KSRATE_CAPABILITY`, value `KSRATE`: the nearest rate that there is.
pub const KSPROPERTY_STREAM_RATECAPABILITY: u32 = 8;
/// Get and set, pin, value `KSRATE`.
pub const KSPROPERTY_STREAM_RATE: u32 = 9;
/// Get and set, pin, value a handle: the pipe of frames that the pin belongs to.
pub const KSPROPERTY_STREAM_PIPE_ID: u32 = 10;

/// Get, allocator, value `KSSTREAMALLOCATOR_FUNCTIONTABLE`: its functions, for callers in the kernel.
pub const KSPROPERTY_STREAMALLOCATOR_FUNCTIONTABLE: u32 = 0;
/// Get, allocator, value `KSSTREAMALLOCATOR_STATUS`: its framing and the frames that are out.
pub const KSPROPERTY_STREAMALLOCATOR_STATUS: u32 = 1;
/// Get, pin, value `u32`: bytes of a stream header with its extension.
pub const KSPROPERTY_STREAMINTERFACE_HEADERSIZE: u32 = 0;

/// Get, clock, value `i64`: its time, 100 ns.
pub const KSPROPERTY_CLOCK_TIME: u32 = 0;
/// Get, clock, value `i64`: the time that its device is at, 100 ns.
pub const KSPROPERTY_CLOCK_PHYSICALTIME: u32 = 1;
/// Get, clock, value `KSCORRELATED_TIME` of its time.
pub const KSPROPERTY_CLOCK_CORRELATEDTIME: u32 = 2;
/// Get, clock, value `KSCORRELATED_TIME` of the device's time.
pub const KSPROPERTY_CLOCK_CORRELATEDPHYSICALTIME: u32 = 3;
/// Get, clock, value `KSRESOLUTION`.
pub const KSPROPERTY_CLOCK_RESOLUTION: u32 = 4;
/// Get, clock, value `KSSTATE`: that of its pin.
pub const KSPROPERTY_CLOCK_STATE: u32 = 5;
/// Get, clock, value `KSCLOCK_FUNCTIONTABLE`: its functions, for callers in the kernel.
pub const KSPROPERTY_CLOCK_FUNCTIONTABLE: u32 = 6;

/// The stream can be cut here.
pub const KSSTREAM_HEADER_OPTIONSF_SPLICEPOINT: u32 = 1;
/// The data prepare the device and are not heard.
pub const KSSTREAM_HEADER_OPTIONSF_PREROLL: u32 = 2;
/// Data are missing before these.
pub const KSSTREAM_HEADER_OPTIONSF_DATADISCONTINUITY: u32 = 4;
/// The data are a new `KSDATAFORMAT`, the only buffer of the request.
pub const KSSTREAM_HEADER_OPTIONSF_TYPECHANGED: u32 = 8;
/// `PresentationTime` counts.
pub const KSSTREAM_HEADER_OPTIONSF_TIMEVALID: u32 = 0x10;
/// Time jumps after these data.
pub const KSSTREAM_HEADER_OPTIONSF_TIMEDISCONTINUITY: u32 = 0x40;
/// The data are worth nothing after a pause.
pub const KSSTREAM_HEADER_OPTIONSF_FLUSHONPAUSE: u32 = 0x80;
/// `Duration` counts.
pub const KSSTREAM_HEADER_OPTIONSF_DURATIONVALID: u32 = 0x100;
/// The last data of the stream.
pub const KSSTREAM_HEADER_OPTIONSF_ENDOFSTREAM: u32 = 0x200;
/// The data are played round and round until they are stopped.
pub const KSSTREAM_HEADER_OPTIONSF_LOOPEDDATA: u32 = 0x8000_0000;

/// The pin changes frames in place.
pub const KSALLOCATOR_REQUIREMENTF_INPLACE_MODIFIER: u32 = 1;
/// Frames must be system memory.
pub const KSALLOCATOR_REQUIREMENTF_SYSTEM_MEMORY: u32 = 2;
/// Nobody behind the pin may change the frames.
pub const KSALLOCATOR_REQUIREMENTF_FRAME_INTEGRITY: u32 = 4;
/// The pin itself must be the allocator.
pub const KSALLOCATOR_REQUIREMENTF_MUST_ALLOCATE: u32 = 8;
/// All of it is a wish.
pub const KSALLOCATOR_REQUIREMENTF_PREFERENCES_ONLY: u32 = 0x8000_0000;
/// Creation: frames fit the next allocator too.
pub const KSALLOCATOR_OPTIONF_COMPATIBLE: u32 = 1;
/// Creation: frames are system memory, of `PoolType`.
pub const KSALLOCATOR_OPTIONF_SYSTEM_MEMORY: u32 = 2;
/// All flags of creation.
pub const KSALLOCATOR_OPTIONF_VALID: u32 = 3;

/// Flag of a create item: its security descriptor was replaced and is to be stored.
pub const KSCREATE_ITEM_SECURITYCHANGED: u32 = 1;
/// Flag of a create item: takes every name that no other item takes.
pub const KSCREATE_ITEM_WILDCARD: u32 = 2;
/// Flag of a create item: refuses a name with more behind the class.
pub const KSCREATE_ITEM_NOPARAMETERS: u32 = 4;
/// Flag of a create item: is freed when the device stops.
pub const KSCREATE_ITEM_FREEONSTOP: u32 = 8;

/// Probing for a read: buffers must be writable.
pub const KSPROBE_STREAMREAD: u32 = 0;
/// Probing for a write: buffers must be readable.
pub const KSPROBE_STREAMWRITE: u32 = 1;
/// Probing makes an MDL for each buffer.
pub const KSPROBE_ALLOCATEMDL: u32 = 0x10;
/// Beside that: the pages are probed and locked.
pub const KSPROBE_PROBEANDLOCK: u32 = 0x20;
/// Beside that: the pages are mapped into the kernel's space.
pub const KSPROBE_SYSTEMADDRESS: u32 = 0x40;
/// Probing of a write lets a format change pass.
pub const KSPROBE_ALLOWFORMATCHANGE: u32 = 0x80;
/// Buffers must be readable and writable.
pub const KSPROBE_MODIFY: u32 = 0x200;
/// Probing for a write that is changed in place.
pub const KSPROBE_STREAMWRITEMODIFY: u32 = KSPROBE_MODIFY | KSPROBE_STREAMWRITE;
/// `KsStreamIo` reads.
pub const KSSTREAM_READ: u32 = KSPROBE_STREAMREAD;
/// `KsStreamIo` writes.
pub const KSSTREAM_WRITE: u32 = KSPROBE_STREAMWRITE;
/// `KsStreamIo`: buffers may be pageable.
pub const KSSTREAM_PAGED_DATA: u32 = 0;
/// `KsStreamIo`: buffers are non-paged pool and need no locking.
pub const KSSTREAM_NONPAGED_DATA: u32 = 0x100;
/// `KsStreamIo` waits for the end.
pub const KSSTREAM_SYNCHRONOUS: u32 = 0x1000;
/// `KsStreamIo` raises a failure as an exception.
pub const KSSTREAM_FAILUREEXCEPTION: u32 = 0x2000;

/// The list's end.
pub const KsListEntryTail: i32 = 0;
/// The list's start.
pub const KsListEntryHead: i32 = 1;
/// Makes the first request that can be acquired not cancelable, and leaves it on the queue.
pub const KsAcquireOnly: i32 = 0;
/// The same, and takes it off the queue.
pub const KsAcquireAndRemove: i32 = 1;
/// As [`KsAcquireOnly`], but looks at one request alone.
pub const KsAcquireOnlySingleItem: i32 = 2;
/// As [`KsAcquireAndRemove`], but looks at one request alone.
pub const KsAcquireAndRemoveOnlySingleItem: i32 = 3;
/// The completion routine is called for success.
pub const KsInvokeOnSuccess: i32 = 1;
/// The completion routine is called for an error.
pub const KsInvokeOnError: i32 = 2;
/// The completion routine is called after cancellation.
pub const KsInvokeOnCancel: i32 = 4;
/// Forwarding: the next stack location gets a copy of this one.
pub const KsStackCopyToNewLocation: i32 = 0;
/// Forwarding: the next driver gets this stack location.
pub const KsStackReuseCurrentLocation: i32 = 1;
/// Forwarding: the next stack location is filled in already.
pub const KsStackUseNewLocation: i32 = 2;

/// Name of a pin below its filter; a backslash and [`KSPIN_CONNECT`](super::KSPIN_CONNECT) in binary follow.
pub const KSSTRING_Pin: &str = "{146F1A80-4791-11D0-A5D6-28DB04C10000}";
/// Name of a clock below its pin; a backslash and `KSCLOCK_CREATE` in binary follow.
pub const KSSTRING_Clock: &str = "{53172480-4791-11D0-A5D6-28DB04C10000}";
/// Name of an allocator below its pin; a backslash and `KSALLOCATOR_FRAMING` in binary follow.
pub const KSSTRING_Allocator: &str = "{642F5D00-4791-11D0-A5D6-28DB04C10000}";
/// Name of a node object below its filter; a backslash and `KSNODE_CREATE` in binary follow.
pub const KSSTRING_TopologyNode: &str = "{0621061A-EE75-11D0-B915-00A0C9223196}";
/// Name of a filter below its device, where the device has no reference strings.
pub const KSSTRING_Filter: &str = "{9B365890-165F-11D0-A195-0020AFD156E4}";
