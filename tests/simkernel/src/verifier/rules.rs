// SPDX-License-Identifier: MIT OR Apache-2.0
//! The verifier's rules, each with Driver Verifier's name and number where Windows has them, the page that demands it, and the drivers
//! of this crate's tests that break it.

use std::fmt;

/// A driver of the tests that breaks one rule.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Plant {
    /// A case of `tests/drivers/bugs.c`.
    Bug(&'static str),
    /// A case of `tests/drivers/calls.c`.
    Call(&'static str),
    /// A case of `tests/drivers/wdf.c`.
    Wdf(&'static str),
    /// A fault of the miniport in `tests/ports/fake`.
    Port(&'static str),
    /// A fault of the miniports in `tests/endpoints/fake`.
    Endpoint(&'static str),
}

impl Plant {
    /// The case or fault.
    pub fn name(self) -> &'static str {
        match self {
            Plant::Bug(name) | Plant::Call(name) | Plant::Wdf(name) => name,
            Plant::Port(name) | Plant::Endpoint(name) => name,
        }
    }

    /// Where it is, below `tests/simkernel/tests`.
    pub fn place(self) -> &'static str {
        match self {
            Plant::Bug(_) => "drivers/bugs.c",
            Plant::Call(_) => "drivers/calls.c",
            Plant::Wdf(_) => "drivers/wdf.c",
            Plant::Port(_) => "ports/fake",
            Plant::Endpoint(_) => "endpoints/fake",
        }
    }
}

macro_rules! rules {
    ($($(#[doc = $what:literal])+ $rule:ident [$($number:literal),*] $page:literal: $($plant:ident $name:ident),+;)*) => {
        /// What a driver must keep to.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Rule {
            $($(#[doc = $what])+ $rule,)*
        }

        impl Rule {
            /// Every rule, in the order of the table.
            pub const ALL: &'static [Rule] = &[$(Rule::$rule),*];

            /// Driver Verifier's name, where it has one.
            pub fn name(self) -> &'static str {
                match self {
                    $(Rule::$rule => stringify!($rule),)*
                }
            }

            /// What it demands.
            pub fn what(self) -> &'static str {
                match self {
                    $(Rule::$rule => concat!($($what),+),)*
                }
                .trim()
            }

            /// Windows' bug check and its first parameter.
            pub fn number(self) -> Option<(u32, u32)> {
                let number: &[u32] = match self {
                    $(Rule::$rule => &[$($number),*],)*
                };
                match *number {
                    [code, parameter] => Some((code, parameter)),
                    _ => None,
                }
            }

            /// Below [`PAGES`].
            pub fn page(self) -> &'static str {
                match self {
                    $(Rule::$rule => $page,)*
                }
            }

            /// Who breaks it in the tests.
            pub fn plants(self) -> &'static [Plant] {
                match self {
                    $(Rule::$rule => &[$(Plant::$plant(stringify!($name))),+],)*
                }
            }
        }
    };
}

/// Where the pages are.
pub const PAGES: &str = "https://learn.microsoft.com/windows-hardware/drivers/";

rules! {
    /// No routine of the kernel is called above the IRQL that its page allows.
    IrqlApi [0xC4, 0xE5] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Bug irql_api;
    /// Zw routines are called at PASSIVE_LEVEL.
    IrqlZwPassive [0xC4, 0x2001F] "devtest/wdm-irqlzwpassive": Bug irql;
    /// A dispatch routine, a DPC and `IMXF::PutMessage` return at the IRQL that they were called at.
    IrqlReturn [0xC4, 0x2001D] "devtest/wdm-irqlreturn": Bug dispatch_raised, Bug dpc_irql, Port PutReturnsLow;
    /// A thread ends at PASSIVE_LEVEL.
    ThreadExitIrql [] "ddi/wdm/nf-wdm-psterminatesystemthread": Bug left_raised;

    /// No pool is allocated without a size.
    PoolZeroBytes [0xC4, 0x00] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Bug zero_bytes;
    /// Paged pool is allocated below DISPATCH_LEVEL.
    PoolPagedIrql [0xC4, 0x01] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Bug paged_at_dispatch;
    /// Paged pool is freed below DISPATCH_LEVEL.
    PoolPagedFreeIrql [0xC4, 0x11] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Bug paged_freed;
    /// Pool is allocated with a tag, and not with "BIG ".
    PoolTag [0xC2, 0x9B] "debugger/bug-check-0xc2--bad-pool-caller": Bug tag_zero, Bug tag_big;
    /// `ExAllocatePool2` is told one kind of pool.
    PoolFlags [] "ddi/wdm/nf-wdm-exallocatepool2": Bug pool_flags;
    /// No pool is executable.
    PoolExecutable [0xC4, 0x2000] "devtest/code-integrity-checking": Bug executable, Bug executable_tag;
    /// Pool is freed with its tag.
    PoolFreeTag [0xC2, 0x0A] "debugger/bug-check-0xc2--bad-pool-caller": Bug wrong_tag;
    /// Nothing is written around a block.
    PoolCorruption [0xC4, 0x53] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Bug overrun, Bug underrun, Bug overrun_kept;
    /// Nothing is written to a block that has been freed.
    PoolWrittenFreed [] "devtest/special-pool": Bug late_write;

    /// No timer that is set lies in memory that is freed.
    TimerFreed [0xC4, 0x15] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Bug free_timer;
    /// The period of a timer is not negative.
    TimerPeriod [] "ddi/wdm/nf-wdm-kesettimerex": Bug negative_period;
    /// No DPC that is queued lies in memory that is freed.
    DpcFreed [0xC7, 0x1] "debugger/bug-check-0xc7--timer-or-dpc-invalid": Bug free_dpc;
    /// No object that a thread waits for lies in memory that is freed.
    WaitedFreed [] "kernel/introduction-to-kernel-dispatcher-objects": Bug free_waited;
    /// No object is initialised while it is in use.
    ObjectReinitialized [] "kernel/introduction-to-kernel-dispatcher-objects": Bug timer_initialized, Bug event_initialized;
    /// Who signals with `Wait` is below DISPATCH_LEVEL and waits with the next call.
    WaitFollows [] "ddi/wdm/nf-wdm-kesetevent": Bug wait_raised, Bug wait_forgotten;
    /// No object in freed memory is used.
    ObjectFreed [] "kernel/introduction-to-kernel-dispatcher-objects": Bug freed_event;

    /// Whoever holds a spin lock stays at DISPATCH_LEVEL, does not wait, and releases it before its DPC returns.
    SpinLockHeld [0xC4, 0x40009] "devtest/wdm-spinlock": Bug lock_lowered, Bug dpc_lock, Bug wait_locked;
    /// Spin locks are acquired in one order.
    SpinLockOrder [0xC4, 0x1001] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Bug lock_order;
    /// A spin lock is held for 25 µs at most.
    SpinLockTime [] "kernel/introduction-to-spin-locks": Bug lock_long;
    /// A DPC takes 100 µs at most.
    DpcTime [] "kernel/guidelines-for-writing-dpc-routines": Bug dpc_long;
    /// The spin lock routines for DISPATCH_LEVEL are called there.
    SpinLockIrql [0xC4, 0x40] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Bug lock_below;
    /// A lock is released by somebody who holds it.
    LockNotHeld [0xC4, 0x1007] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Bug not_held, Bug resource_not_held;
    /// A mutex is released by its owner.
    LockOwner [0xC4, 0x1004] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Bug fast_mutex_other, Bug mutex_other;
    /// A fast mutex is not acquired by its owner.
    LockRecursion [0xC4, 0x1000] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Bug mutex_twice;
    /// A resource that is deleted is free.
    LockDeleted [0xC4, 0x100B] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Bug resource_deleted;
    /// A thread that ends holds no mutex and has left its critical regions.
    LockThreadExit [0xC4, 0x100A] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Bug mutex_held, Bug critical_left;
    /// A semaphore stays within its limit.
    SemaphoreLimit [] "ddi/wdm/nf-wdm-kereleasesemaphore": Bug semaphore_limit;
    /// Rundown protection is released as often as it was acquired.
    RundownNotHeld [] "ddi/wdm/nf-wdm-exreleaserundownprotection": Bug rundown;
    /// Extended state that the system has enabled is saved; it is restored once for each save, the last one first, in the same thread at the
    /// same IRQL, before the routine returns.
    ExtendedState [] "ddi/wdm/nf-wdm-kerestoreextendedprocessorstate": Bug extended_state, Bug extended_mask, Bug extended_order,
        Bug extended_irql, Bug extended_thread, Bug extended_written, Bug extended_left, Bug extended_thread_left;
    /// Vector registers beyond XMM are saved before they are used.
    VectorRegisters [] "kernel/floating-point-support-for-64-bit-drivers": Bug ymm_at_call, Bug ymm_at_return, Bug ymm_in_dpc;

    /// A timer of `ExAllocateTimer` is used until it is deleted.
    ExTimerUnknown [] "kernel/deleting-a-system-allocated-timer-object": Bug ex_timer_gone;
    /// Nothing is done with a timer that is being deleted.
    ExTimerDeleted [] "kernel/deleting-a-system-allocated-timer-object": Bug ex_timer_deleted;
    /// `ExDeleteTimer` waits only where it cancels, at PASSIVE_LEVEL.
    ExTimerWait [] "ddi/wdm/nf-wdm-exdeletetimer": Bug ex_timer_wait;

    /// A work item is freed when it is no longer queued.
    WorkItemFreed [0xE4, 0x2] "debugger/bug-check-0xe4--worker-invalid": Bug work_item_freed;
    /// A work item is queued once at a time.
    WorkItemQueued [0xE4, 0x1] "debugger/bug-check-0xe4--worker-invalid": Bug work_item_twice;
    /// A work item is one of `IoAllocateWorkItem`.
    WorkItemUnknown [] "ddi/wdm/nf-wdm-iofreeworkitem": Bug work_item_unknown;

    /// A handle is open when it is closed.
    HandleNotOpen [0x93, 0x0] "debugger/bug-check-0x93--invalid-kernel-handle": Bug handle_twice;
    /// References are taken of objects, and dropped as often as they were taken.
    ObjectReference [0xC4, 0x3F] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Bug object_unknown, Bug too_few_references;
    /// The last reference of a file is dropped at PASSIVE_LEVEL.
    FileReleaseIrql [] "ddi/wdm/nf-wdm-obdereferenceobject": Bug file_released;

    /// An MDL is freed once.
    MdlUnknown [] "ddi/wdm/nf-wdm-iofreemdl": Bug mdl_freed_twice;
    /// The pages of an MDL are unlocked when it is freed.
    MdlFreedLocked [] "ddi/wdm/nf-wdm-iofreemdl": Bug mdl_freed_locked;
    /// The pages of `MmAllocatePagesForMdl` are freed by `MmFreePagesFromMdl`, then the MDL by `ExFreePool`.
    MdlPages [] "ddi/wdm/nf-wdm-mmfreepagesfrommdl": Call pages_left, Call pages_io;
    /// Pages are locked once.
    MdlLockedTwice [0xC4, 0xB0] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Bug mdl_locked_twice;
    /// Pages of user memory are locked below DISPATCH_LEVEL.
    MdlLockIrql [] "ddi/wdm/nf-wdm-mmprobeandlockpages": Bug mdl_lock_irql;
    /// An address of a program is probed.
    MdlNotProbed [0xC4, 0xE0] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Port LockUnprobed;
    /// Pages that are unlocked are locked.
    MdlNotLocked [0xC4, 0x7C] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Bug unlock_unlocked;
    /// No mapping is executable.
    MdlExecutable [0xC4, 0x2002] "devtest/code-integrity-checking": Bug map_executable;
    /// Pages that are mapped are locked, and not mapped already.
    MdlMapped [0xC4, 0xB2] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Bug map_unlocked, Port MapTwice;
    /// Pages are unmapped from where they were mapped.
    MdlUnmapped [] "ddi/wdm/nf-wdm-mmunmaplockedpages": Bug unmap_unmapped, Port UnmapElsewhere;
    /// The pages of an MDL are used while they are locked and mapped.
    MdlUsed [] "kernel/using-mdls": Bug pages_unlocked;

    /// A request is freed once, and not reused after that.
    RequestUnknown [0xC9, 0x01] "debugger/bug-check-0xc9--driver-verifier-iomanager-violation": Bug irp_freed_twice, Bug irp_reused;
    /// A request that the I/O manager frees is not freed by the driver.
    RequestOfThread [0xC9, 0x02] "debugger/bug-check-0xc9--driver-verifier-iomanager-violation": Bug irp_of_thread;
    /// A request is sent to a device that exists.
    RequestDevice [0xC9, 0x04] "debugger/bug-check-0xc9--driver-verifier-iomanager-violation": Bug dead_device;
    /// A driver has a dispatch routine for what it is sent.
    RequestDispatch [0xC9, 0x21F] "debugger/bug-check-0xc9--driver-verifier-iomanager-violation": Bug no_dispatch;
    /// A request is marked pending if, and only if, its dispatch routine returns STATUS_PENDING.
    RequestPending [0xC9, 0x23D] "debugger/bug-check-0xc9--driver-verifier-iomanager-violation": Bug pending_not_marked, Bug marked_not_pending;
    /// A request is not completed with STATUS_PENDING.
    RequestStatus [0xC9, 0x06] "debugger/bug-check-0xc9--driver-verifier-iomanager-violation": Bug completed_pending;
    /// A request that is completed has no cancel routine.
    RequestCancelRoutine [0xC9, 0x07] "debugger/bug-check-0xc9--driver-verifier-iomanager-violation": Bug cancel_left;
    /// A cancel routine releases the cancel spin lock.
    CancelSpinLock [] "kernel/implementing-a-cancel-routine": Bug cancel_lock;
    /// A completion routine that frees its request returns STATUS_MORE_PROCESSING_REQUIRED.
    CompletionFreed [] "kernel/implementing-an-iocompletion-routine": Bug completion_freed;
    /// The completion routine of a request of `IoAllocateIrp` keeps it.
    CompletionOwn [] "ddi/wdm/nf-wdm-ioallocateirp": Bug complete_own;

    /// A device is deleted once.
    DeviceDeleted [0xC9, 0x240] "debugger/bug-check-0xc9--driver-verifier-iomanager-violation": Bug device_twice;
    /// A device that is deleted is attached to none, and none to it.
    DeviceAttached [0xC9, 0x201] "debugger/bug-check-0xc9--driver-verifier-iomanager-violation": Bug device_attached;
    /// A device that is detached is attached.
    DeviceDetached [0xC9, 0x202] "debugger/bug-check-0xc9--driver-verifier-iomanager-violation": Bug detached_twice;
    /// A device's timer is initialised when it is started, and stopped when the device goes.
    DeviceTimer [] "ddi/wdm/nf-wdm-iostarttimer": Bug device_timer, Call device_timer_left;
    /// An interrupt that is disconnected is connected.
    InterruptNotConnected [] "ddi/wdm/nf-wdm-iodisconnectinterrupt": Bug interrupt;
    /// An AddDevice that fails leaves no device attached.
    AddDeviceFailed [] "kernel/writing-an-adddevice-routine": Bug add_failed;
    /// AddDevice clears DO_DEVICE_INITIALIZING.
    DeviceInitializing [0xC9, 0x243] "debugger/bug-check-0xc9--driver-verifier-iomanager-violation": Bug initializing;
    /// A removed device's interfaces are disabled.
    InterfaceEnabled [] "kernel/handling-an-irp-mn-remove-device-request": Bug interface_left;
    /// A removed device is detached.
    RemoveAttached [0xC9, 0x21D] "debugger/bug-check-0xc9--driver-verifier-iomanager-violation": Bug remove_attached;

    /// No registry key is opened by its whole path.
    AbsoluteRegistryPath [] "develop/driver-isolation": Bug registry_path;
    /// No file is opened by its whole path, but one that the user chose.
    AbsoluteFilePath [] "develop/driver-isolation": Bug file_path;
    /// A file that is read without an event was opened with FILE_SYNCHRONOUS_IO_NONALERT, or its like.
    FileAsynchronous [] "ddi/wdm/nf-wdm-zwreadfile": Bug file_asynchronous;
    /// What the INF wrote to `Parameters` is opened for reading.
    ParametersWritten [] "ddi/wdm/nf-wdm-ioopendriverregistrykey": Bug parameters_written;
    /// A driver under test asks only for what simkernel has: a gap of the tests, not the driver's fault.
    NotSimulated [] "ddi/wdm/nf-wdm-rtlqueryregistryvalues": Bug query_routine, Wdf dispatch;

    /// A framework library is bound when it is unbound, and has no objects left.
    WdfUnbind [] "wdf/creating-kmdf-miniport-drivers": Wdf unbind, Wdf left;
    /// `WdfDriverMiniportUnload` is given the WDFDRIVER, when its devices are deleted.
    WdfMiniportUnload [] "ddi/wdfminiport/nf-wdfminiport-wdfdriverminiportunload": Wdf devices, Wdf no_driver;
    /// A WDFDRIVER is not deleted.
    WdfDelete [] "ddi/wdfobject/nf-wdfobject-wdfobjectdelete": Wdf delete;

    /// A driver that is unloaded has freed its pool.
    PoolLeak [0xC4, 0x62] "debugger/bug-check-0xc4--driver-verifier-detected-violation": Bug leak;
    /// It has closed its handles.
    HandleLeak [] "kernel/writing-an-unload-routine": Bug handle_leak, Bug thread_leak;
    /// It has deleted its timers.
    ExTimerLeak [] "kernel/writing-an-unload-routine": Bug timer_leak;
    /// It has freed its MDLs.
    MdlLeak [] "kernel/writing-an-unload-routine": Bug mdl_leak;
    /// It has freed its requests.
    RequestLeak [] "kernel/writing-an-unload-routine": Bug irp_leak;
    /// It has freed its work items.
    WorkItemLeak [] "kernel/writing-an-unload-routine": Bug item_leak;
    /// It has deleted its devices.
    DeviceLeak [] "kernel/writing-an-unload-routine": Bug device_leak;
    /// None of its timers is set.
    TimerLeft [0xCE, 0x0] "debugger/bug-check-0xce--driver-unloaded-without-cancelling-pending-operations": Bug image_timer;

    /// A driver that puts an unload routine in the place of PortCls' calls that one.
    PcUnload [] "ddi/portcls/nf-portcls-pcinitializeadapterdriver": Port KeepUnload;
    /// Routines of PortCls are called at the IRQL that their pages allow.
    PcIrqlDDIs [0xC4, 0x71001] "devtest/audio-pcirqlddis": Port RoutineAtDispatch;
    /// So are the methods of its objects.
    PcIrqlIport [0xC4, 0x71003] "devtest/audio-pcirqliport": Port MethodAtDispatch;
    /// Pages of a stream are mapped once at a time, and unmapped, from where they were mapped, before they are freed.
    PcUnmapAllocatedPages [0xC4, 0x71004] "devtest/audio-pcunmapallocatedpages": Endpoint FreeMapped, Endpoint MapTwice, Endpoint UnmapElsewhere;
    /// Pages that a stream allocated are freed before it is closed, and no others.
    PcAllocatedPages [0xC4, 0x71005] "devtest/audio-pcallocatedpages": Endpoint LeakPages, Endpoint LeakMapping, Endpoint FreeTwice;
    /// Power management is registered once, and unregistered after that.
    PcRegisterAdapterPower [0xC4, 0x71006] "devtest/audio-pcregisteradapterpower": Port RegisterPowerTwice, Port UnregisterPower;
    /// A device extension has room for PortCls.
    PcAddAdapterDevice [0xC4, 0x71007] "devtest/audio-pcaddadapterdevice": Port ShortExtension;
    /// A property request is not completed with STATUS_PENDING.
    PcPropertyRequest [0xC4, 0x71008] "devtest/audio-pcpropertyrequest": Port CompletePending;
    /// The pages that are mapped are the stream's.
    PcAllocateAndMapPages [0xC4, 0x71009] "devtest/audio-pcallocateandmappages": Endpoint MapForeign;
    /// A miniport does not ask for a power state by `PoRequestPowerIrp`.
    PcPoRequestPowerIrp [0xC4, 0x7100A] "devtest/pcporequestpowerirp": Port RequestPower;
    /// `IMiniportWaveRTStream::SetState` returns in time.
    PcTimedWaveRtStreamSetState [0xC4, 0x72001] "devtest/audio-pctimedwavertstreamsetstate": Endpoint SlowState;

    /// A property request that is completed later is pending, and its handler has said so.
    PropertyPending [] "ddi/portcls/nf-portcls-pccompletependingpropertyrequest": Port CompleteTwice, Port CompleteEarly;
    /// A property's value fits into its buffer.
    PropertySize [] "ddi/portcls/ns-portcls-_pcproperty_request": Port LongValue;
    /// Entries of an automation table have their structure's size at least, in multiples of eight.
    AutomationTable [] "ddi/portcls/ns-portcls-pcautomation_table": Port PropertyStride, Endpoint EventStride;
    /// A filter's descriptor describes pins, nodes and connections that fit together.
    FilterDescriptor [] "ddi/portcls/ns-portcls-pcfilter_descriptor": Port BadPinSize, Port BadVersion, Port BadFlow, Port BadCommunication,
        Port BadCategory, Port BadInstances, Port BadAttributes, Port BadRange, Port BadEnd, Port LoosePin, Port LooseNode;
    /// No more subdevices are registered than `PcAddAdapterDevice` was told.
    SubdeviceCount [] "ddi/portcls/nf-portcls-pcregistersubdevice": Port ManySubdevices;
    /// A port is initialised once.
    PortInit [] "ddi/portcls/nf-portcls-iport-init": Port InitTwice;
    /// A miniport's `Init` returns the service group that it registered, and none if it fails.
    MiniportInit [] "ddi/dmusicks/nf-dmusicks-iminiportdmus-init": Port FailWithGroup, Endpoint OtherGroup;
    /// Physical connections join bridge pins of registered subdevices, one each, with the direction of the data.
    PhysicalConnection [] "ddi/portcls/nf-portcls-pcregisterphysicalconnection": Endpoint WrongConnection, Endpoint ConnectUnregistered,
        Endpoint ConnectNoPin, Endpoint ConnectStream, Endpoint ConnectTwice;
    /// Stream resources are removed, once, before the driver is unloaded.
    StreamResource [] "ddi/portcls/nf-portcls-pcaddstreamresource": Endpoint LeakResource, Endpoint RemoveTwice;

    /// An object of PortCls is released as often as it is referenced.
    ReferenceReleased [] "audio/reference-counting-conventions-for-com-objects": Port ReleaseTwice;
    /// Nothing of PortCls is referenced when the driver is unloaded.
    ReferenceLeft [] "audio/reference-counting-conventions-for-com-objects": Port LeakPort;
    /// Nobody holds a miniport when its port has released it.
    ReferenceMiniport [] "audio/reference-counting-conventions-for-com-objects": Port LeakMiniport;
    /// A stream that goes releases its allocator, its clock and its port.
    ReferenceStream [] "audio/reference-counting-conventions-for-com-objects": Port LeakAllocator, Port LeakClock, Endpoint LeakPortStream;
    /// A capture sink is not referenced.
    ReferenceSink [] "ddi/dmusicks/nf-dmusicks-imxf-connectoutput": Endpoint KeepSink;
    /// `QueryInterface` returns an interface if it succeeds, and null if it fails.
    QueryInterface [] "audio/com-in-the-kernel": Port QueryNothing, Port QueryStale;

    /// `NewStream` returns a stream and sets its parameters, or fails and returns nothing.
    NewStream [] "ddi/dmusicks/nf-dmusicks-iminiportdmus-newstream": Port NothingSet, Port FailWithStream, Port NoStream, Endpoint WaveFailWithStream,
        Endpoint WaveNoStream, Endpoint MidiFailWithStream, Endpoint MidiNoGroup, Endpoint MidiNoStream;
    /// A prefetch is for streams that the port sequences.
    SchedulePreFetch [] "ddi/dmusicks/nf-dmusicks-iminiportdmus-newstream": Endpoint SequencedCapture;
    /// Events and buffers are put back once, to the allocator that they are from.
    AllocatorPut [] "ddi/dmusicks/nf-dmusicks-iallocatormxf-putbuffer": Port PutTwice, Port PutForeign, Port PutBufferTwice;
    /// What has been put back is not written to.
    AllocatorWritten [] "ddi/dmusicks/nn-dmusicks-iallocatormxf": Port WriteEvent, Port WriteBuffer;
    /// An event keeps its `cbStruct`.
    AllocatorStruct [] "ddi/dmusicks/ns-dmusicks-_dmus_kernel_event": Port ChangeStruct;
    /// Events go back at DISPATCH_LEVEL.
    AllocatorIrql [] "ddi/dmusicks/nf-dmusicks-imxf-putmessage": Port PutAtPassive;
    /// All events and buffers are back when a stream has stopped, and when it is closed.
    AllocatorLeak [] "ddi/dmusicks/nf-dmusicks-imxf-setstate": Port LeakEvent, Port LateEvent, Endpoint LeakCaptured;
    /// `PutMessage` takes what it is given.
    PutMessage [] "ddi/dmusicks/nf-dmusicks-imxf-putmessage": Port RefuseEvents;
    /// `DisconnectOutput` succeeds.
    DisconnectOutput [] "ddi/dmusicks/nf-dmusicks-imxf-disconnectoutput": Endpoint DisconnectFails;
    /// Nothing goes to a sink that is not connected.
    SinkConnected [] "ddi/dmusicks/nf-dmusicks-imxf-connectoutput": Endpoint PutEarly;
    /// `Render` fills its buffer and nothing else.
    Render [] "ddi/dmusicks/nf-dmusicks-isynthsinkdmus-render": Port OverrunRender, Port LazyRender;
    /// `SyncToMaster` succeeds.
    SyncToMaster [] "ddi/dmusicks/nf-dmusicks-isynthsinkdmus-synctomaster": Port SyncFails;
    /// The two conversions of time undo each other.
    SampleTimes [] "ddi/dmusicks/nf-dmusicks-isynthsinkdmus-reftimetosample": Port WrongTimes;

    /// An event that is enabled is on the port's list, once; one whose handler failed is not.
    EventList [] "ddi/portcls/nf-portcls-iportevents-addeventtoeventlist": Endpoint LoseEvent, Endpoint AddEventTwice, Endpoint FailEvent;
    /// Events are generated at DISPATCH_LEVEL at most.
    EventIrql [] "ddi/portcls/nf-portcls-iportevents-generateeventlist": Endpoint EventAtHigh;
    /// `Read` and `Write` count no more bytes than they were given.
    MidiCount [] "ddi/portcls/nf-portcls-iminiportmidistream-read": Endpoint LongRead, Endpoint LongWrite;
    /// A member that is removed is in the service group.
    ServiceMember [] "ddi/portcls/nf-portcls-iservicegroup-removemember": Endpoint RemoveStranger;
    /// A delayed service is asked for where it is supported.
    ServiceDelayed [] "ddi/portcls/nf-portcls-iservicegroup-requestdelayedservice": Endpoint DelayWithoutSupport;
    /// An audio buffer is the stream's own pages, no longer than they are, with a cache type.
    AudioBuffer [] "ddi/portcls/nf-portcls-iminiportwavertstream-allocateaudiobuffer": Endpoint ForeignBuffer, Endpoint LongBuffer, Endpoint BadCache;
    /// Notification events are registered once, and unregistered if they were.
    NotificationEvent [] "ddi/portcls/nf-portcls-iminiportwavertstreamnotification-registernotificationevent": Endpoint EventTwice,
        Endpoint ForgetEvents, Endpoint UnregisterUnknown;
    /// A position lies in the buffer.
    GetPosition [] "ddi/portcls/nf-portcls-iminiportwavertstream-getposition": Endpoint FarPosition;
    /// `GetReadPacket` returns no flags.
    GetReadPacket [] "ddi/portcls/nf-portcls-iminiportwavertinputstream-getreadpacket": Endpoint ReadFlags;
}

/// Drivers that cannot break their rule alone: the other rules that they break, and why.
pub const BESIDES: &[(Plant, &[Rule], &str)] = &[
    (
        Plant::Bug("freed_event"),
        &[Rule::PoolWrittenFreed],
        "KeSetEvent writes to the event",
    ),
    (
        Plant::Bug("file_released"),
        &[Rule::PoolPagedFreeIrql],
        "the file's name is paged pool",
    ),
    (
        Plant::Bug("overrun_kept"),
        &[Rule::PoolLeak],
        "a block that is checked at unload has not been freed",
    ),
    (
        Plant::Call("pages_left"),
        &[Rule::PoolLeak],
        "the pages are not freed by anything else",
    ),
    (
        Plant::Bug("file_asynchronous"),
        &[Rule::AbsoluteFilePath],
        "the file is named by its path",
    ),
    (
        Plant::Bug("query_routine"),
        &[Rule::AbsoluteRegistryPath],
        "RtlQueryRegistryValues takes whole paths",
    ),
    (
        Plant::Endpoint("LeakMapping"),
        &[Rule::PcUnmapAllocatedPages],
        "the pages are left as they were: mapped",
    ),
];

/// The rules that a driver of the tests breaks.
pub fn broken_by(plant: Plant) -> Vec<Rule> {
    let own = Rule::ALL
        .iter()
        .copied()
        .filter(|rule| rule.plants().contains(&plant));
    let besides = BESIDES.iter().filter(|(other, _, _)| *other == plant);
    let mut rules: Vec<Rule> = own
        .chain(besides.flat_map(|(_, rules, _)| rules.iter().copied()))
        .collect();
    rules.sort_unstable();
    rules
}

/// All of them, by rule.
pub fn plants() -> impl Iterator<Item = Plant> {
    Rule::ALL
        .iter()
        .flat_map(|rule| rule.plants().iter().copied())
}

impl fmt::Display for Rule {
    /// The name, and Windows' number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self.number() {
            Some((code, parameter)) => write!(f, " ({code:#X}, {parameter:#X})"),
            None => Ok(()),
        }
    }
}
