// SPDX-License-Identifier: MIT OR Apache-2.0
//! Lines for the kernel debugger, and what a panic does.

use wdk_sys::ntddk;

/// Prints one line through `DbgPrint`, at any IRQL: a literal C format (in parts, if need be) without conversions, or with one
/// 32-bit number that fits `%d`, `%u`, `%x`.
#[macro_export]
macro_rules! debug_line {
    ($($text:literal)+) => {
        $crate::kernel::debug::line(concat!("arioso: ", $($text,)+ "\n\0").as_bytes(), 0)
    };
    ($($text:literal)+, $number:expr) => {
        $crate::kernel::debug::line(
            concat!("arioso: ", $($text,)+ "\n\0").as_bytes(),
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

/// Where the driver panicked and why, then the end: prints it and stops the machine with the parameters line, column, address
/// and length of the file's name. Any IRQL.
pub fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    /// `MANUALLY_INITIATED_CRASH1`: a crash that software asked for.
    const CODE: u32 = 0xDEAD_DEAD;
    let (file, line, column) = match info.location() {
        Some(at) => (at.file(), at.line(), at.column()),
        None => ("?", 0, 0),
    };
    let mut why = Text {
        bytes: [0; 256],
        len: 0,
    };
    // What does not fit is cut off.
    let _ = core::fmt::write(&mut why, format_args!("{}", info.message()));
    // SAFETY: the precision limits what `%s` reads to the string's length. `KeBugCheckEx` does not return.
    unsafe {
        ntddk::DbgPrint(
            c"arioso: panicked at %.*s:%u:%u: %.*s\n".as_ptr(),
            file.len() as u32,
            file.as_ptr(),
            line,
            column,
            why.len as u32,
            why.bytes.as_ptr(),
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

/// A short text on the stack.
struct Text {
    bytes: [u8; 256],
    len: usize,
}

impl core::fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        for (to, from) in self.bytes.iter_mut().skip(self.len).zip(text.bytes()) {
            *to = from;
            self.len = self.len.wrapping_add(1);
        }
        Ok(())
    }
}
