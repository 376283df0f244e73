//! Arioso: the driver.
#![no_std]
