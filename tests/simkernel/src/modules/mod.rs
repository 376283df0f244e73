//! Built-in host modules. Each is a list of exports that the loader binds by name; another PE file can take its place.

pub(crate) mod irp;
pub mod ks;
pub mod pcm_sink;
pub mod portcls;
pub(crate) mod thunk;
