//! KS, PortCls and DirectMusic ABI, 64-bit Windows (x64 and ARM64).
//!
//! Names are Windows' own. Every function pointer has the ABI `"efiapi"`: it is Windows' x64 convention on any x86-64 host and
//! the platform's C convention on ARM64, so that the driver, the simulated kernel and their tests share one declaration.
