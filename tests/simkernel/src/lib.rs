//! Windows' kernel on a Linux machine.
