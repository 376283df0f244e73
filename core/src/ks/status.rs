// SPDX-License-Identifier: MIT OR Apache-2.0
//! `NTSTATUS` values (`ntstatus.h`).

/// A kernel status. Success and information are `>= 0`, warnings and errors negative.
pub type NTSTATUS = i32;

/// `NT_SUCCESS`.
#[inline]
#[must_use]
pub const fn nt_success(status: NTSTATUS) -> bool {
    status >= 0
}

macro_rules! statuses {
    ($($(#[$m:meta])* $name:ident = $value:literal;)*) => {
        $( $(#[$m])* pub const $name: NTSTATUS = $value as u32 as NTSTATUS; )*

        /// The status' name, if it is one of this module's.
        #[must_use]
        pub const fn name(status: NTSTATUS) -> Option<&'static str> {
            match status {
                $( $name => Some(stringify!($name)), )*
                _ => None,
            }
        }
    };
}

statuses! {
    /// Done.
    STATUS_SUCCESS = 0x0000_0000;
    /// The second of several objects ended the wait; the first is [`STATUS_SUCCESS`].
    STATUS_WAIT_1 = 0x0000_0001;
    /// A mutex ended the wait whose thread died without releasing it.
    STATUS_ABANDONED = 0x0000_0080;
    /// A user-mode APC ended the wait.
    STATUS_USER_APC = 0x0000_00C0;
    /// An alert of the thread ended the wait.
    STATUS_ALERTED = 0x0000_0101;
    /// The wait's time is up. A success code.
    STATUS_TIMEOUT = 0x0000_0102;
    /// Goes on asynchronously; the request is completed later. A success code.
    STATUS_PENDING = 0x0000_0103;
    /// Some of the identifiers to translate have no counterpart. A success code.
    STATUS_SOME_NOT_MAPPED = 0x0000_0107;
    /// There is more than the buffer holds. A success code.
    STATUS_MORE_ENTRIES = 0x0000_0105;
    /// Not everything was granted as asked: PORTPARAMETERS answers so when it adjusted a value. A success code.
    STATUS_NOT_ALL_ASSIGNED = 0x0000_0106;
    /// The enumeration is at its end. A warning.
    STATUS_NO_MORE_ENTRIES = 0x8000_001A;
    /// The page touched was a guard page. A warning, raised as an exception.
    STATUS_GUARD_PAGE_VIOLATION = 0x8000_0001;
    /// The address is not aligned for its type; probes raise it. A warning.
    STATUS_DATATYPE_MISALIGNMENT = 0x8000_0002;
    /// A breakpoint instruction was executed. A warning, raised as an exception.
    STATUS_BREAKPOINT = 0x8000_0003;
    /// One instruction was executed while tracing. A warning, raised as an exception.
    STATUS_SINGLE_STEP = 0x8000_0004;
    /// There is more than fits; with no buffer at all, the answer to "how many bytes". A warning.
    STATUS_BUFFER_OVERFLOW = 0x8000_0005;
    /// No further file matches. A warning.
    STATUS_NO_MORE_FILES = 0x8000_0006;
    /// The device is in use. A warning.
    STATUS_DEVICE_BUSY = 0x8000_0011;
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
    /// The page could not be read from where it is stored.
    STATUS_IN_PAGE_ERROR = 0xC000_0006;
    /// The handle names nothing.
    STATUS_INVALID_HANDLE = 0xC000_0008;
    /// A parameter has no meaning.
    STATUS_INVALID_PARAMETER = 0xC000_000D;
    /// There is no such device.
    STATUS_NO_SUCH_DEVICE = 0xC000_000E;
    /// There is no such file.
    STATUS_NO_SUCH_FILE = 0xC000_000F;
    /// The target does not know this request, or not in this place.
    STATUS_INVALID_DEVICE_REQUEST = 0xC000_0010;
    /// The file ends before the place to read.
    STATUS_END_OF_FILE = 0xC000_0011;
    /// From a completion routine: the request stays with the driver.
    STATUS_MORE_PROCESSING_REQUIRED = 0xC000_0016;
    /// No virtual memory or quota left for it.
    STATUS_NO_MEMORY = 0xC000_0017;
    /// The range overlaps another, or is not what was allocated.
    STATUS_CONFLICTING_ADDRESSES = 0xC000_0018;
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
    /// An exception handler answered with a value that there is not.
    STATUS_INVALID_DISPOSITION = 0xC000_0026;
    /// The name has a form that no object can have.
    STATUS_OBJECT_NAME_INVALID = 0xC000_0033;
    /// Nothing has this name.
    STATUS_OBJECT_NAME_NOT_FOUND = 0xC000_0034;
    /// Something has this name already.
    STATUS_OBJECT_NAME_COLLISION = 0xC000_0035;
    /// A part of the path is no directory.
    STATUS_OBJECT_PATH_INVALID = 0xC000_0039;
    /// A directory of the path does not exist.
    STATUS_OBJECT_PATH_NOT_FOUND = 0xC000_003A;
    /// The path does not start with a backslash.
    STATUS_OBJECT_PATH_SYNTAX_BAD = 0xC000_003B;
    /// The data are damaged.
    STATUS_DATA_ERROR = 0xC000_003E;
    /// It is open with a sharing mode that excludes this access.
    STATUS_SHARING_VIOLATION = 0xC000_0043;
    /// The process has used up its quota.
    STATUS_QUOTA_EXCEEDED = 0xC000_0044;
    /// It is marked for deletion and cannot be opened any more.
    STATUS_DELETE_PENDING = 0xC000_0056;
    /// The two sides speak different revisions.
    STATUS_REVISION_MISMATCH = 0xC000_0059;
    /// The caller lacks a privilege.
    STATUS_PRIVILEGE_NOT_HELD = 0xC000_0061;
    /// No room on the volume.
    STATUS_DISK_FULL = 0xC000_007F;
    /// Division by zero in floating point. Raised as an exception.
    STATUS_FLOAT_DIVIDE_BY_ZERO = 0xC000_008E;
    /// Division by zero of integers. Raised as an exception.
    STATUS_INTEGER_DIVIDE_BY_ZERO = 0xC000_0094;
    /// The quotient does not fit. Raised as an exception.
    STATUS_INTEGER_OVERFLOW = 0xC000_0095;
    /// The instruction is the kernel's alone. Raised as an exception.
    STATUS_PRIVILEGED_INSTRUCTION = 0xC000_0096;
    /// No pool or another kernel resource left for it.
    STATUS_INSUFFICIENT_RESOURCES = 0xC000_009A;
    /// Not yet: `GetReadPacket` answers so when there is no new packet.
    STATUS_DEVICE_NOT_READY = 0xC000_00A3;
    /// The device did not answer in time.
    STATUS_IO_TIMEOUT = 0xC000_00B5;
    /// A file was asked for, and it is a directory.
    STATUS_FILE_IS_A_DIRECTORY = 0xC000_00BA;
    /// The request is known, and this target does not offer it.
    STATUS_NOT_SUPPORTED = 0xC000_00BB;
    /// A condition that should not occur.
    STATUS_INTERNAL_ERROR = 0xC000_00E5;
    /// The caller's buffer cannot be used for the request.
    STATUS_INVALID_USER_BUFFER = 0xC000_00E8;
    /// The first parameter has no meaning.
    STATUS_INVALID_PARAMETER_1 = 0xC000_00EF;
    /// The second parameter has no meaning.
    STATUS_INVALID_PARAMETER_2 = 0xC000_00F0;
    /// The third parameter has no meaning.
    STATUS_INVALID_PARAMETER_3 = 0xC000_00F1;
    /// The stack's end is reached. Raised as an exception.
    STATUS_STACK_OVERFLOW = 0xC000_00FD;
    /// The request was cancelled before it was done.
    STATUS_CANCELLED = 0xC000_0120;
    /// It is protected from deletion.
    STATUS_CANNOT_DELETE = 0xC000_0121;
    /// The handle was closed meanwhile.
    STATUS_FILE_CLOSED = 0xC000_0128;
    /// No more threads of this kind.
    STATUS_TOO_MANY_THREADS = 0xC000_0129;
    /// The driver is loaded already.
    STATUS_IMAGE_ALREADY_LOADED = 0xC000_010E;
    /// The file is no image for this machine.
    STATUS_INVALID_IMAGE_FORMAT = 0xC000_007B;
    /// The module does not export a name that is imported.
    STATUS_ENTRYPOINT_NOT_FOUND = 0xC000_0139;
    /// Nobody handled an exception.
    STATUS_UNHANDLED_EXCEPTION = 0xC000_0144;
    /// The state of the device or pin does not allow the request.
    STATUS_INVALID_DEVICE_STATE = 0xC000_0184;
    /// The device reported an error.
    STATUS_IO_DEVICE_ERROR = 0xC000_0185;
    /// There is no such item: `ks.sys` answers so for an unknown property, method or event.
    STATUS_NOT_FOUND = 0xC000_0225;
    /// There is no such property, method or event set.
    STATUS_PROPSET_NOT_FOUND = 0xC000_0230;
    /// The buffer's size is not one that the request can have.
    STATUS_INVALID_BUFFER_SIZE = 0xC000_0206;
    /// From a data intersection: these ranges have no format in common, try the next.
    STATUS_NO_MATCH = 0xC000_0272;
    /// The device is not there.
    STATUS_DEVICE_NOT_CONNECTED = 0xC000_009D;
    /// The device has no power. A warning.
    STATUS_DEVICE_POWERED_OFF = 0x8000_000F;
    /// The device is switched off line. A warning.
    STATUS_DEVICE_OFF_LINE = 0x8000_0010;
    /// The device is gone.
    STATUS_DEVICE_REMOVED = 0xC000_02B6;
    /// The device never was there, or is gone.
    STATUS_DEVICE_DOES_NOT_EXIST = 0xC000_00C0;
    /// It is done already and can no longer be changed.
    STATUS_TOO_LATE = 0xC000_0189;
    /// It has been registered before.
    STATUS_ALREADY_REGISTERED = 0xC000_0718;
    /// The image cannot be loaded, for instance for a missing module.
    STATUS_DRIVER_UNABLE_TO_LOAD = 0xC000_026C;
    /// `DriverEntry` failed.
    STATUS_FAILED_DRIVER_ENTRY = 0xC000_0365;
    /// A module that is loaded late was not found.
    STATUS_DELAY_LOAD_FAILED = 0xC000_0412;
    /// The object has no such interface.
    STATUS_NOINTERFACE = 0xC000_02B9;
    /// The volume of the file was changed from outside.
    STATUS_FILE_INVALID = 0xC000_0098;
    /// An assertion failed. Raised as an exception.
    STATUS_ASSERTION_FAILURE = 0xC000_0420;
    /// A stack's cookie is damaged, or `__fastfail` was called. Raised as an exception.
    STATUS_STACK_BUFFER_OVERRUN = 0xC000_0409;
}
