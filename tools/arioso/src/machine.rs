//! The simulated computer.

use crate::failure::{Failure, Kind, Result};
use std::path::Path;

pub struct Machine;
pub struct Finished {
    pub violations: Vec<String>,
    pub audio: Vec<i16>,
}
pub struct Nobody;
impl Machine {
    pub fn start(_image: &Path, _bank: &[u8]) -> Result<Self> {
        Err(Failure::new(Kind::Session, "no machine"))
    }
    pub fn client(&mut self) -> Nobody {
        Nobody
    }
    pub fn finish(self) -> Finished {
        Finished {
            violations: vec![],
            audio: vec![],
        }
    }
}
impl conformance::Client for Nobody {
    type Handle = u32;
    type Request = ();
    fn interfaces(&mut self, _: &arioso_core::ks::GUID) -> Vec<String> {
        vec![]
    }
    fn open(&mut self, _: &str) -> std::result::Result<u32, i32> {
        Err(-1)
    }
    fn create_pin(&mut self, _: u32, _: &[u8], _: Option<u32>) -> std::result::Result<u32, i32> {
        Err(-1)
    }
    fn close(&mut self, _: u32) {}
    fn allocate(&mut self, _: usize) -> u64 {
        0
    }
    fn free(&mut self, _: u64) {}
    fn write(&mut self, _: u64, _: &[u8]) {}
    fn read(&mut self, _: u64, _: &mut [u8]) {}
    fn submit(&mut self, _: u32, _: u32, _: (u64, u32), _: (u64, u32)) {}
    fn poll(&mut self, _: &mut ()) -> Option<conformance::Completion> {
        None
    }
    fn wait(&mut self, _: ()) -> conformance::Completion {
        conformance::Completion {
            status: 0,
            information: 0,
        }
    }
    fn cancel(&mut self, _: &mut ()) {}
    fn now(&mut self) -> i64 {
        0
    }
    fn sleep(&mut self, _: i64) {}
}
