//! What the driver imports.

/// An export, for the driver.
pub fn import<F>(module: &str, name: &str) -> F {
    let address = simkernel::loader::guest_routine(module, name).expect(name);
    // SAFETY: the export has the type that the caller names.
    unsafe { std::mem::transmute_copy(&address) }
}

pub fn portcls<F>(name: &str) -> F {
    import("portcls.sys", name)
}
