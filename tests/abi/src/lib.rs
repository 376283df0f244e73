// SPDX-License-Identifier: MIT OR Apache-2.0
//! The test `compare` of this crate holds every declaration of `arioso_core::ks` against the installed headers: mingw-w64's, or the
//! WDK's on Windows. The build script finds the declarations in the source, so that none can be forgotten.
