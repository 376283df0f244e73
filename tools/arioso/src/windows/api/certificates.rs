// SPDX-License-Identifier: MIT OR Apache-2.0
//! Certificates that the computer trusts.

use windows::Win32::Security::Cryptography::*;
use windows::core::{HSTRING, Result};

/// A store of the local computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// Who may vouch for others.
    Root,
    /// Whose drivers are installed without a question.
    TrustedPublisher,
}

impl Store {
    pub const ALL: [Self; 2] = [Self::Root, Self::TrustedPublisher];

    /// As Windows and `certutil` call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "Root",
            Self::TrustedPublisher => "TrustedPublisher",
        }
    }

    /// Whether the certificate (DER) is in the store.
    pub fn holds(self, certificate: &[u8]) -> Result<bool> {
        Ok(Open::new(self, CERT_STORE_READONLY_FLAG)?
            .find(certificate)
            .is_some())
    }

    /// Puts the certificate (DER) into the store, once.
    pub fn add(self, certificate: &[u8]) -> Result<()> {
        let store = Open::new(self, CERT_OPEN_STORE_FLAGS(0))?;
        // SAFETY: the store is open; the certificate's bytes live through the call.
        unsafe {
            CertAddEncodedCertificateToStore(
                Some(store.0),
                X509_ASN_ENCODING,
                certificate,
                CERT_STORE_ADD_USE_EXISTING,
                None,
            )
        }
    }

    /// Takes the certificate (DER) out. Tells whether it was there.
    pub fn remove(self, certificate: &[u8]) -> Result<bool> {
        let store = Open::new(self, CERT_OPEN_STORE_FLAGS(0))?;
        match store.find(certificate) {
            None => Ok(false),
            Some(found) => {
                let found = std::mem::ManuallyDrop::new(found);
                // SAFETY: the context is of this open store; the call frees it, whatever comes of it.
                unsafe { CertDeleteCertificateFromStore(found.0) }?;
                // Wine writes it down only when it is told to.
                // SAFETY: the store is open; there is no parameter.
                unsafe {
                    CertControlStore(
                        store.0,
                        CERT_CONTROL_STORE_FLAGS(0),
                        CERT_STORE_CTRL_COMMIT,
                        None,
                    )
                }?;
                Ok(true)
            }
        }
    }
}

struct Open(HCERTSTORE);

impl Open {
    fn new(store: Store, flags: CERT_OPEN_STORE_FLAGS) -> Result<Self> {
        let name = HSTRING::from(store.name());
        let place = CERT_OPEN_STORE_FLAGS(CERT_SYSTEM_STORE_LOCAL_MACHINE);
        // SAFETY: for this provider the parameter is a string; it lives through the call.
        let opened = unsafe {
            CertOpenStore(
                CERT_STORE_PROV_SYSTEM_W,
                CERT_QUERY_ENCODING_TYPE(0),
                None,
                place | flags,
                Some(name.as_ptr().cast()),
            )
        }?;
        Ok(Self(opened))
    }

    fn find(&self, certificate: &[u8]) -> Option<Context> {
        // SAFETY: the bytes live through the call; what it makes is freed with the object.
        let wanted = unsafe { CertCreateCertificateContext(X509_ASN_ENCODING, certificate) };
        let wanted = Context(std::ptr::NonNull::new(wanted)?.as_ptr());
        // SAFETY: the store is open, both contexts are valid.
        let found = unsafe {
            CertFindCertificateInStore(
                self.0,
                X509_ASN_ENCODING,
                0,
                CERT_FIND_EXISTING,
                Some(wanted.0.cast()),
                None,
            )
        };
        (!found.is_null()).then(|| Context(found))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: the handle is this object's own; contexts of the store do not outlive it.
        let _ = unsafe { CertCloseStore(Some(self.0), 0) };
    }
}

struct Context(*const CERT_CONTEXT);

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: the context is this object's own.
        let _ = unsafe { CertFreeCertificateContext(Some(self.0)) };
    }
}
