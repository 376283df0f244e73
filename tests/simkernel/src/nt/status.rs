// SPDX-License-Identifier: MIT OR Apache-2.0
//! The status codes that the simulated kernel itself returns.

use super::NTSTATUS;

macro_rules! statuses {
    ($($(#[$m:meta])* $name:ident = $value:expr;)*) => {
        $($(#[$m])* pub const $name: NTSTATUS = $value as u32 as NTSTATUS;)*
        /// The name of a status of this list.
        pub fn name(status: NTSTATUS) -> Option<&'static str> {
            match status { $($name => Some(stringify!($name)),)* _ => None }
        }
    };
}

statuses! {
    /// Done.
    STATUS_SUCCESS = 0x0000_0000;
    /// The wait's time is up. A success code.
    STATUS_TIMEOUT = 0x0000_0102;
    /// Goes on asynchronously; the request is completed later. A success code.
    STATUS_PENDING = 0x0000_0103;
    /// There is more than fits; with no buffer at all, the answer to "how many bytes". A warning.
    STATUS_BUFFER_OVERFLOW = 0x8000_0005;
    /// A breakpoint instruction was executed. A warning, raised as an exception.
    STATUS_BREAKPOINT = 0x8000_0003;
    /// The address is not aligned for its type; probes raise it. A warning.
    STATUS_DATATYPE_MISALIGNMENT = 0x8000_0002;
    /// One instruction was executed while tracing. A warning, raised as an exception.
    STATUS_SINGLE_STEP = 0x8000_0004;
    /// The enumeration is at its end. A warning.
    STATUS_NO_MORE_ENTRIES = 0x8000_001A;
    /// It failed, for no more particular reason.
    STATUS_UNSUCCESSFUL = 0xC000_0001;
    /// There is no such function here; from `DataRangeIntersection`: let the port decide.
    STATUS_NOT_IMPLEMENTED = 0xC000_0002;
    /// Unknown class of information.
    STATUS_INVALID_INFO_CLASS = 0xC000_0003;
    /// The buffer has not the length that the class demands.
    STATUS_INFO_LENGTH_MISMATCH = 0xC000_0004;
    /// The address is not readable, or not writable, for who asks.
    STATUS_ACCESS_VIOLATION = 0xC000_0005;
    /// The handle names nothing.
    STATUS_INVALID_HANDLE = 0xC000_0008;
    /// A parameter has no meaning.
    STATUS_INVALID_PARAMETER = 0xC000_000D;
    /// There is no such device.
    STATUS_NO_SUCH_DEVICE = 0xC000_000E;
    /// The target does not know this request, or not in this place.
    STATUS_INVALID_DEVICE_REQUEST = 0xC000_0010;
    /// The file ends before the place to read.
    STATUS_END_OF_FILE = 0xC000_0011;
    /// From a completion routine: the request stays with the driver.
    STATUS_MORE_PROCESSING_REQUIRED = 0xC000_0016;
    /// No virtual memory or quota left for it.
    STATUS_NO_MEMORY = 0xC000_0017;
    /// The processor does not know the instruction. Raised as an exception.
    STATUS_ILLEGAL_INSTRUCTION = 0xC000_001D;
    /// The caller may not do that.
    STATUS_ACCESS_DENIED = 0xC000_0022;
    /// The buffer is too short for the smallest answer; nothing was written.
    STATUS_BUFFER_TOO_SMALL = 0xC000_0023;
    /// The handle is that of another kind of object.
    STATUS_OBJECT_TYPE_MISMATCH = 0xC000_0024;
    /// Somebody tried to go on after an exception that allows it not.
    STATUS_NONCONTINUABLE_EXCEPTION = 0xC000_0025;
    /// The stack is being unwound. Raised as an exception.
    STATUS_UNWIND = 0xC000_0027;
    /// The name has a form that no object can have.
    STATUS_OBJECT_NAME_INVALID = 0xC000_0033;
    /// Nothing has this name.
    STATUS_OBJECT_NAME_NOT_FOUND = 0xC000_0034;
    /// Something has this name already.
    STATUS_OBJECT_NAME_COLLISION = 0xC000_0035;
    /// A directory of the path does not exist.
    STATUS_OBJECT_PATH_NOT_FOUND = 0xC000_003A;
    /// The thread does not hold the mutex that it releases.
    STATUS_MUTANT_NOT_OWNED = 0xC000_0046;
    /// It is marked for deletion and cannot be opened any more.
    STATUS_DELETE_PENDING = 0xC000_0056;
    /// Division by zero in floating point. Raised as an exception.
    STATUS_FLOAT_DIVIDE_BY_ZERO = 0xC000_008E;
    /// An operation in floating point has no result. Raised as an exception.
    STATUS_FLOAT_INVALID_OPERATION = 0xC000_0090;
    /// Division by zero of integers. Raised as an exception.
    STATUS_INTEGER_DIVIDE_BY_ZERO = 0xC000_0094;
    /// The quotient does not fit. Raised as an exception.
    STATUS_INTEGER_OVERFLOW = 0xC000_0095;
    /// The instruction is the kernel's alone. Raised as an exception.
    STATUS_PRIVILEGED_INSTRUCTION = 0xC000_0096;
    /// The image has no such resource data.
    STATUS_RESOURCE_DATA_NOT_FOUND = 0xC000_0089;
    /// The image has no resource of this type.
    STATUS_RESOURCE_TYPE_NOT_FOUND = 0xC000_008A;
    /// The image has no resource of this name.
    STATUS_RESOURCE_NAME_NOT_FOUND = 0xC000_008B;
    /// The image has no resource in this language.
    STATUS_RESOURCE_LANG_NOT_FOUND = 0xC000_0204;
    /// There is no room left in what was set aside.
    STATUS_ALLOTTED_SPACE_EXCEEDED = 0xC000_0099;
    /// No pool or another kernel resource left for it.
    STATUS_INSUFFICIENT_RESOURCES = 0xC000_009A;
    /// The object has no security descriptor.
    STATUS_NO_SECURITY_ON_OBJECT = 0xC000_00D7;
    /// Not yet: `GetReadPacket` answers so when there is no new packet.
    STATUS_DEVICE_NOT_READY = 0xC000_00A3;
    /// The request is known, and this target does not offer it.
    STATUS_NOT_SUPPORTED = 0xC000_00BB;
    /// The first parameter has no meaning.
    STATUS_INVALID_PARAMETER_1 = 0xC000_00EF;
    /// The second parameter has no meaning.
    STATUS_INVALID_PARAMETER_2 = 0xC000_00F0;
    /// The parameters exclude each other.
    STATUS_INVALID_PARAMETER_MIX = 0xC000_0030;
    /// The request was cancelled before it was done.
    STATUS_CANCELLED = 0xC000_0120;
    /// The handle was closed meanwhile.
    STATUS_FILE_CLOSED = 0xC000_0128;
    /// It cannot be deleted.
    STATUS_DELETE_FAILED = 0xC000_0121;
    /// The stack's end is reached. Raised as an exception.
    STATUS_STACK_OVERFLOW = 0xC000_00FD;
    /// There is no such file.
    STATUS_NO_SUCH_FILE = 0xC000_000F;
    /// The state of the device or pin does not allow the request.
    STATUS_INVALID_DEVICE_STATE = 0xC000_0184;
    /// The two sides speak different revisions.
    STATUS_REVISION_MISMATCH = 0xC000_0059;
    /// The device is gone.
    STATUS_DEVICE_REMOVED = 0xC000_02B6;
    /// There is no such item: `ks.sys` answers so for an unknown property, method or event.
    STATUS_NOT_FOUND = 0xC000_0225;
    /// There is no such property, method or event set.
    STATUS_PROPSET_NOT_FOUND = 0xC000_0230;
    /// Something had this name already, and is used. A success code.
    STATUS_OBJECT_NAME_EXISTS = 0x4000_0000;
    /// From a data intersection: these ranges have no format in common, try the next.
    STATUS_NO_MATCH = 0xC000_0272;
    /// An assertion failed. Raised as an exception.
    STATUS_ASSERTION_FAILURE = 0xC000_0420;
    /// A stack's cookie is damaged, or `__fastfail` was called. Raised as an exception.
    STATUS_STACK_BUFFER_OVERRUN = 0xC000_0409;
    /// Waiting here could go on for ever.
    STATUS_POSSIBLE_DEADLOCK = 0xC000_0194;
    /// The module does not export a name that the driver imports.
    STATUS_DRIVER_ENTRYPOINT_NOT_FOUND = 0xC000_0263;
    /// The file is no image for this machine.
    STATUS_INVALID_IMAGE_FORMAT = 0xC000_007B;
}
