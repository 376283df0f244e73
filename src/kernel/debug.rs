//! Lines for the kernel debugger, and what a panic does.

use wdk_sys::ntddk;

/// Prints one line through `DbgPrint`, at any IRQL: a literal C format without conversions, or with one 32-bit number that
/// fits `%d`, `%u`, `%x`.
#[macro_export]
macro_rules! debug_line {
    ($text:literal) => {
        $crate::kernel::debug::line(concat!("arioso: ", $text, "\n\0").as_bytes(), 0)
    };
    ($text:literal, $number:expr) => {
        $crate::kernel::debug::line(
            concat!("arioso: ", $text, "\n\0").as_bytes(),
            $number as u32,
        )
    };
}

/// The body of [`debug_line!`]. `format` is NUL-terminated and takes at most one 32-bit number.
#[doc(hidden)]
pub fn line(format: &'static [u8], number: u32) {
    if format.last() == Some(&0) {
        // SAFETY: the format is NUL-terminated and asks for no more than one 32-bit argument.
        unsafe { ntddk::DbgPrint(format.as_ptr().cast(), number) };
    }
}

/// Where the driver panicked, then the end: prints the location and stops the machine with
/// `KERNEL_SECURITY_CHECK_FAILURE`-like parameters (line, column, file). Any IRQL.
#[cfg(not(arioso_no_panic_check))]
pub fn panic(location: Option<&core::panic::Location<'_>>) -> ! {
    /// `MANUALLY_INITIATED_CRASH1`: a crash that software asked for.
    const CODE: u32 = 0xDEAD_DEAD;
    let (file, line, column) = match location {
        Some(at) => (at.file(), at.line(), at.column()),
        None => ("?", 0, 0),
    };
    // SAFETY: the precision limits what `%s` reads to the string's length. `KeBugCheckEx` does not return.
    unsafe {
        ntddk::DbgPrint(
            c"arioso: panic at %.*s:%u:%u\n".as_ptr(),
            file.len() as u32,
            file.as_ptr(),
            line,
            column,
        );
        ntddk::KeBugCheckEx(
            CODE,
            line.into(),
            column.into(),
            file.as_ptr().addr() as u64,
            file.len() as u64,
        );
    }
    #[allow(unreachable_code)]
    loop {
        core::hint::spin_loop();
    }
}

/// Calls a function that does not exist: an image with a reachable panic does not link.
#[cfg(arioso_no_panic_check)]
pub fn cannot_panic() -> ! {
    unsafe extern "C" {
        fn arioso_driver_can_panic() -> !;
    }
    // SAFETY: never linked.
    unsafe { arioso_driver_can_panic() }
}
