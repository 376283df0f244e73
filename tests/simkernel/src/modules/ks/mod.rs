// SPDX-License-Identifier: MIT OR Apache-2.0
//! The built-in `ks.sys`. Other modules reach it through these exports only.
#![allow(non_snake_case, clippy::missing_safety_doc)]

pub mod event;
pub mod header;
pub mod pin;
pub mod property;
pub mod queue;
pub mod stream;
pub mod topology;
pub mod types;

use event::*;
use header::*;
use pin::*;
use property::*;
use queue::*;
use stream::*;
use topology::*;

use crate::executive::Export;

use crate::nt::{DISPATCH_LEVEL, PASSIVE_LEVEL};

/// Name of the module.
pub const MODULE: &str = "ks.sys";

/// By name, with the IRQL limits of their documentation.
pub fn exports() -> Vec<Export> {
    exports! {
        PASSIVE_LEVEL => KsAllocateDeviceHeader, KsFreeDeviceHeader, KsSetDevicePnpAndBaseObject, KsQueryDevicePnpObject,
            KsAddObjectCreateItemToDeviceHeader, KsAllocateObjectHeader, KsFreeObjectHeader, KsSetMajorFunctionHandler,
            KsDispatchIrp, KsDispatchInvalidDeviceRequest, KsDefaultDeviceIoCompletion, KsDispatchFastIoDeviceControlFailure,
            KsDispatchFastReadFailure, KsAcquireResetValue, KsPropertyHandler, KsPropertyHandlerWithAllocator,
            KsPinPropertyHandler, KsPinDataIntersection, KsValidateConnectRequest, KsTopologyPropertyHandler, KsProbeStreamIrp,
            KsEnableEvent, KsDisableEvent, KsFreeEventList;
        DISPATCH_LEVEL => KsAddIrpToCancelableQueue, KsRemoveIrpFromCancelableQueue, KsRemoveSpecificIrpFromCancelableQueue,
            KsCancelRoutine, KsCancelIo, KsGenerateEvent;
    }
}
