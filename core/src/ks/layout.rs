// SPDX-License-Identifier: MIT OR Apache-2.0
//! How the ABI's structures are declared: [`Abi`] tells their layout, [`Wire`] copies them from and to bytes without `unsafe`.

use core::ffi::c_void;

/// One field of a structure or one slot of a vtable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The field's or method's name in the Windows headers.
    pub name: &'static str,
    /// Bytes from the structure's start.
    pub offset: usize,
    /// Bytes.
    pub size: usize,
}

/// A declaration of the Windows ABI and its layout as compiled.
pub trait Abi: Sized {
    /// The name in the Windows headers.
    const NAME: &'static str;
    /// In the order of declaration.
    const FIELDS: &'static [Field];
}

/// What a vtable slot takes and gives, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// After `This`.
    pub parameters: &'static [usize],
    /// 0 for none.
    pub result: usize,
}

/// A vtable.
pub trait Vtable: Abi {
    /// In the order of the slots.
    const SIGNATURES: &'static [Signature];
}

/// Plain data that can be copied from and to bytes in the machine's byte order, at any alignment.
pub trait Wire: Copy + Sized {
    /// All bits zero.
    const ZERO: Self;

    /// The value at the start of `bytes`; `None` if they are fewer than the type's size.
    fn read_from(bytes: &[u8]) -> Option<Self>;

    /// Puts the value at the start of `bytes`, padding as zeros; `None` if they are fewer than the type's size.
    #[must_use]
    fn write_to(&self, bytes: &mut [u8]) -> Option<()>;
}

macro_rules! wire_number {
    ($($t:ty)*) => {$(
        impl Wire for $t {
            const ZERO: Self = 0 as $t;
            #[inline]
            fn read_from(bytes: &[u8]) -> Option<Self> {
                bytes.first_chunk().map(|b| <$t>::from_ne_bytes(*b))
            }
            #[inline]
            fn write_to(&self, bytes: &mut [u8]) -> Option<()> {
                *bytes.first_chunk_mut()? = self.to_ne_bytes();
                Some(())
            }
        }
    )*};
}
wire_number!(u8 i8 u16 i16 u32 i32 u64 i64 usize isize f32 f64);

impl<T> Wire for *mut T {
    const ZERO: Self = core::ptr::null_mut();
    #[inline]
    fn read_from(bytes: &[u8]) -> Option<Self> {
        usize::read_from(bytes).map(core::ptr::with_exposed_provenance_mut)
    }
    #[inline]
    fn write_to(&self, bytes: &mut [u8]) -> Option<()> {
        self.expose_provenance().write_to(bytes)
    }
}

impl<T> Wire for *const T {
    const ZERO: Self = core::ptr::null();
    #[inline]
    fn read_from(bytes: &[u8]) -> Option<Self> {
        usize::read_from(bytes).map(core::ptr::with_exposed_provenance)
    }
    #[inline]
    fn write_to(&self, bytes: &mut [u8]) -> Option<()> {
        self.expose_provenance().write_to(bytes)
    }
}

impl<T: Wire, const N: usize> Wire for [T; N] {
    const ZERO: Self = [T::ZERO; N];
    #[inline]
    fn read_from(bytes: &[u8]) -> Option<Self> {
        let mut all = Self::ZERO;
        for (i, one) in all.iter_mut().enumerate() {
            *one = T::read_from(bytes.get(i.wrapping_mul(size_of::<T>())..)?)?;
        }
        Some(all)
    }
    #[inline]
    fn write_to(&self, bytes: &mut [u8]) -> Option<()> {
        for (i, one) in self.iter().enumerate() {
            one.write_to(bytes.get_mut(i.wrapping_mul(size_of::<T>())..)?)?;
        }
        Some(())
    }
}

/// Declares plain-data structures: `#[repr(C)]`, [`Wire`], [`Abi`], `Default` (zeros).
macro_rules! data {
    ($(
        $(#[$m:meta])*
        pub struct $name:ident { $( $(#[$fm:meta])* pub $f:ident : $t:ty ),* $(,)? }
    )*) => {$(
        $(#[$m])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name { $( $(#[$fm])* pub $f: $t ),* }

        abi!($name { $($f: $t),* });

        impl $crate::ks::Wire for $name {
            const ZERO: Self = Self { $( $f: <$t as $crate::ks::Wire>::ZERO ),* };
            #[inline]
            fn read_from(bytes: &[u8]) -> Option<Self> {
                let bytes = bytes.get(..size_of::<Self>())?;
                Some(Self { $(
                    $f: <$t as $crate::ks::Wire>::read_from(bytes.get(core::mem::offset_of!(Self, $f)..)?)?
                ),* })
            }
            #[inline]
            fn write_to(&self, bytes: &mut [u8]) -> Option<()> {
                let bytes = bytes.get_mut(..size_of::<Self>())?;
                bytes.fill(0);
                $(
                    let field = self.$f;
                    <$t as $crate::ks::Wire>::write_to(&field, bytes.get_mut(core::mem::offset_of!(Self, $f)..)?)?;
                )*
                Some(())
            }
        }

        impl Default for $name {
            #[inline]
            fn default() -> Self {
                <Self as $crate::ks::Wire>::ZERO
            }
        }
    )*};
}

/// Declares tables that hold code addresses: `#[repr(C)]` and [`Abi`].
macro_rules! table {
    ($(
        $(#[$m:meta])*
        pub struct $name:ident { $( $(#[$fm:meta])* pub $f:ident : $t:ty ),* $(,)? }
    )*) => {$(
        $(#[$m])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug)]
        pub struct $name { $( $(#[$fm])* pub $f: $t ),* }

        abi!($name { $($f: $t),* });
    )*};
}

macro_rules! abi {
    ($name:ident { $($f:ident: $t:ty),* }) => {
        impl $crate::ks::Abi for $name {
            const NAME: &'static str = stringify!($name);
            const FIELDS: &'static [$crate::ks::Field] = &[$(
                $crate::ks::Field {
                    name: stringify!($f),
                    offset: core::mem::offset_of!($name, $f),
                    size: size_of::<$t>(),
                }
            ),*];
        }
    };
}

/// Declares an interface: the object (a vtable pointer) and its vtable with the slots of all its bases.
macro_rules! interface {
    ($(
        $(#[$m:meta])*
        pub interface $name:ident($vtbl:ident): $base:ident {
            $( $(#[$fm:meta])* fn $f:ident($($a:ident: $t:ty),* $(,)?) $(-> $r:ty)?; )*
        }
    )*) => {$(
        interface!(@base $base [$(#[$m])*] $name $vtbl { $( $(#[$fm])* fn $f($($a: $t),*) $(-> $r)?; )* });
    )*};

    (@base IUnknown $m:tt $name:ident $vtbl:ident { $($own:tt)* }) => {
        interface!(@emit $m $name $vtbl { $($own)* });
    };
    (@base IMiniport $m:tt $name:ident $vtbl:ident { $($own:tt)* }) => {
        interface!(@emit $m $name $vtbl {
            /// Gives the address of the filter's descriptor, which stays the miniport's.
            fn GetDescription(OutFilterDescriptor: *mut *const PCFILTER_DESCRIPTOR) -> NTSTATUS;
            /// The best format that both ranges allow, to `ResultantFormat`. `STATUS_NOT_IMPLEMENTED` makes PortCls use its own.
            fn DataRangeIntersection(
                PinId: u32, DataRange: *const KSDATARANGE, MatchingDataRange: *const KSDATARANGE,
                OutputBufferLength: u32, ResultantFormat: PVOID, ResultantFormatLength: *mut u32
            ) -> NTSTATUS;
            $($own)*
        });
    };
    (@base IPort $m:tt $name:ident $vtbl:ident { $($own:tt)* }) => {
        interface!(@emit $m $name $vtbl {
            /// Binds port and miniport: asks for the miniport's interface, calls its `Init`, then `GetDescription`.
            fn Init(
                DeviceObject: PDEVICE_OBJECT, Irp: PIRP, UnknownMiniport: *mut IUnknown,
                UnknownAdapter: *mut IUnknown, ResourceList: *mut IResourceList
            ) -> NTSTATUS;
            /// A property of the device, as `IoGetDeviceProperty` tells it. `ReturnLength` gets the bytes written or needed.
            fn GetDeviceProperty(
                DeviceProperty: DEVICE_REGISTRY_PROPERTY, BufferLength: u32, PropertyBuffer: PVOID,
                ReturnLength: *mut u32
            ) -> NTSTATUS;
            /// Opens or makes a key; `RegistryKeyType` is one of `*RegistryKey`. `Disposition` gets whether it was there.
            fn NewRegistryKey(
                OutRegistryKey: *mut *mut IRegistryKey, OuterUnknown: *mut IUnknown, RegistryKeyType: u32,
                DesiredAccess: ACCESS_MASK, ObjectAttributes: POBJECT_ATTRIBUTES, CreateOptions: u32,
                Disposition: *mut u32
            ) -> NTSTATUS;
            $($own)*
        });
    };
    (@base IServiceSink $m:tt $name:ident $vtbl:ident { $($own:tt)* }) => {
        interface!(@emit $m $name $vtbl {
            /// Any IRQL. Queues the DPC that serves the members.
            fn RequestService();
            $($own)*
        });
    };
    (@base IMXF $m:tt $name:ident $vtbl:ident { $($own:tt)* }) => {
        interface!(@emit $m $name $vtbl {
            /// P. The element's state, one of `KSSTATE_*`.
            fn SetState(State: KSSTATE) -> NTSTATUS;
            /// ≤D. Takes the whole chain.
            fn PutMessage(pDMKEvt: *mut DMUS_KERNEL_EVENT) -> NTSTATUS;
            /// P. Where the element sends its events from now on.
            fn ConnectOutput(sinkMXF: *mut IMXF) -> NTSTATUS;
            /// P. Sends nothing more to `sinkMXF`.
            fn DisconnectOutput(sinkMXF: *mut IMXF) -> NTSTATUS;
            $($own)*
        });
    };
    (@base IAdapterPowerManagement $m:tt $name:ident $vtbl:ident { $($own:tt)* }) => {
        interface!(@emit $m $name $vtbl {
            /// The device's new state, to be put into the hardware.
            fn PowerChangeState(NewState: POWER_STATE);
            /// May the state change so? Success is yes.
            fn QueryPowerChangeState(NewStateQuery: POWER_STATE) -> NTSTATUS;
            /// Changes what the bus said of the device's power, or just succeeds.
            fn QueryDeviceCapabilities(PowerDeviceCaps: PDEVICE_CAPABILITIES) -> NTSTATUS;
            $($own)*
        });
    };
    (@base IAdapterPowerManagement2 $m:tt $name:ident $vtbl:ident { $($own:tt)* }) => {
        interface!(@base IAdapterPowerManagement $m $name $vtbl {
            /// The device's new state, and the machine's.
            fn PowerChangeState2(NewDeviceState: DEVICE_POWER_STATE, NewSystemState: SYSTEM_POWER_STATE);
            $($own)*
        });
    };
    (@base IMiniportWaveRTStream $m:tt $name:ident $vtbl:ident { $($own:tt)* }) => {
        interface!(@emit $m $name $vtbl {
            /// Another format while the pin is open.
            fn SetFormat(DataFormat: *const KSDATAFORMAT) -> NTSTATUS;
            /// One step between neighbours of STOP, ACQUIRE, PAUSE and RUN. STOP sets position and packet count to 0.
            fn SetState(State: KSSTATE) -> NTSTATUS;
            /// ≤D. Where the device plays or writes, and how far data are valid: bytes within the buffer.
            fn GetPosition(Position: *mut KSAUDIO_POSITION) -> NTSTATUS;
            /// Makes the buffer without events; sizes are bytes.
            fn AllocateAudioBuffer(
                RequestedSize: u32, AudioBufferMdl: *mut PMDL, ActualSize: *mut u32, OffsetFromFirstPage: *mut u32,
                CacheType: *mut MEMORY_CACHING_TYPE
            ) -> NTSTATUS;
            /// Frees what `AllocateAudioBuffer` made.
            fn FreeAudioBuffer(AudioBufferMdl: PMDL, BufferSize: u32);
            /// What lies between buffer and jack.
            fn GetHWLatency(hwLatency: *mut KSRTAUDIO_HWLATENCY);
            /// A register that clients map to read the position; `STATUS_NOT_IMPLEMENTED` without one.
            fn GetPositionRegister(Register: *mut KSRTAUDIO_HWREGISTER) -> NTSTATUS;
            /// A register that clients map to read the clock; `STATUS_NOT_IMPLEMENTED` without one.
            fn GetClockRegister(Register: *mut KSRTAUDIO_HWREGISTER) -> NTSTATUS;
            $($own)*
        });
    };

    (@emit [$(#[$m:meta])*] $name:ident $vtbl:ident {
        $( $(#[$fm:meta])* fn $f:ident($($a:ident: $t:ty),*) $(-> $r:ty)?; )*
    }) => {
        $(#[$m])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug)]
        pub struct $name {
            /// The methods. COM's first word of every object.
            pub lpVtbl: *const $vtbl,
        }

        #[doc = concat!("Vtable of [`", stringify!($name), "`], all slots.")]
        #[repr(C)]
        #[derive(Clone, Copy, Debug)]
        pub struct $vtbl {
            /// Another interface of the object, with a reference. Returns a status, not an HRESULT; `Object` is null on failure.
            pub QueryInterface: unsafe extern "efiapi" fn(This: *mut $name, InterfaceId: *const GUID, Object: *mut PVOID) -> NTSTATUS,
            /// ≤D. One reference more; returns how many there are.
            pub AddRef: unsafe extern "efiapi" fn(This: *mut $name) -> u32,
            /// One reference less; returns how many are left. The last one frees the object, and comes at P; the others ≤D.
            pub Release: unsafe extern "efiapi" fn(This: *mut $name) -> u32,
            $( $(#[$fm])* pub $f: unsafe extern "efiapi" fn(This: *mut $name $(, $a: $t)*) $(-> $r)?, )*
        }

        impl $crate::ks::Abi for $vtbl {
            const NAME: &'static str = stringify!($vtbl);
            const FIELDS: &'static [$crate::ks::Field] = &[
                interface!(@slot $vtbl QueryInterface),
                interface!(@slot $vtbl AddRef),
                interface!(@slot $vtbl Release),
                $( interface!(@slot $vtbl $f) ),*
            ];
        }

        impl $crate::ks::Vtable for $vtbl {
            const SIGNATURES: &'static [$crate::ks::Signature] = &[
                interface!(@signature (*const GUID, *mut PVOID) NTSTATUS),
                interface!(@signature () u32),
                interface!(@signature () u32),
                $( interface!(@signature ($($t),*) $($r)?) ),*
            ];
        }
    };
    (@signature ($($t:ty),*) $($r:ty)?) => {
        $crate::ks::Signature { parameters: &[$(size_of::<$t>()),*], result: 0 $(+ size_of::<$r>())? }
    };
    (@slot $vtbl:ident $f:ident) => {
        $crate::ks::Field {
            name: stringify!($f),
            offset: core::mem::offset_of!($vtbl, $f),
            size: size_of::<*const core::ffi::c_void>(),
        }
    };
}

// Every structure here is laid out for 64-bit Windows.
const _: () = assert!(size_of::<*mut c_void>() == 8);

#[cfg(test)]
mod tests {
    use super::Wire;
    use crate::ks::dmusbuff::DMUS_EVENTHEADER;
    use crate::ks::dmusprop::SYNTH_BUFFER;
    use crate::ks::ks::{KSDATAFORMAT, KSIDENTIFIER, KSP_NODE};
    use crate::ks::ksmedia::{KSDATAFORMAT_WAVEFORMATEX, WAVEFORMATEX};

    #[test]
    fn fields_go_to_their_offsets_at_any_alignment() {
        let property = KSP_NODE {
            Property: KSIDENTIFIER {
                Set: crate::ks::guid::KSPROPSETID_Synth,
                Id: 3,
                Flags: 0x1000_0001,
            },
            NodeId: 7,
            Reserved: 0,
        };
        let mut bytes = [0xAA; 34];
        property.write_to(&mut bytes[1..]).unwrap();
        assert_eq!(bytes[0], 0xAA);
        assert_eq!(
            bytes[1..9],
            [0x25, 0xAE, 0xDF, 0xFE, 0x6E, 0xE4, 0xD1, 0x11]
        );
        assert_eq!(
            bytes[17..33],
            [3, 0, 0, 0, 1, 0, 0, 0x10, 7, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(bytes[33], 0xAA);
        assert_eq!(KSP_NODE::read_from(&bytes[1..]), Some(property));
    }

    #[test]
    fn padding_is_written_as_zeros() {
        let buffer = SYNTH_BUFFER {
            BufferSize: 5,
            BufferAddress: core::ptr::without_provenance_mut(0x0102_0304_0506_0708),
        };
        let mut bytes = [0xFF; 16];
        buffer.write_to(&mut bytes).unwrap();
        assert_eq!(bytes, [5, 0, 0, 0, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1]);
    }

    #[test]
    fn packed_structures_have_no_padding() {
        let format = KSDATAFORMAT_WAVEFORMATEX {
            DataFormat: KSDATAFORMAT {
                FormatSize: 82,
                ..Default::default()
            }
            .into(),
            WaveFormatEx: WAVEFORMATEX {
                wFormatTag: 1,
                cbSize: 0x1234,
                ..Default::default()
            },
        };
        let mut bytes = [0xFF; 82];
        format.write_to(&mut bytes).unwrap();
        assert_eq!(
            (bytes[0], bytes[64], bytes[80], bytes[81]),
            (82, 1, 0x34, 0x12)
        );
        let head = KSDATAFORMAT::from(
            KSDATAFORMAT_WAVEFORMATEX::read_from(&bytes)
                .unwrap()
                .DataFormat,
        );
        assert_eq!(head, KSDATAFORMAT::read_from(&bytes).unwrap());
    }

    #[test]
    fn too_few_bytes_are_refused_and_left_alone() {
        let mut bytes = [0xAA; 19];
        assert_eq!(DMUS_EVENTHEADER::read_from(&bytes), None);
        assert_eq!(DMUS_EVENTHEADER::default().write_to(&mut bytes), None);
        assert_eq!(bytes, [0xAA; 19]);
        assert_eq!(u32::read_from(&[1, 2, 3]), None);
        assert_eq!(<[u16; 2]>::read_from(&[1, 0, 2]), None);
        assert_eq!(<[u16; 2]>::read_from(&[1, 0, 2, 0]), Some([1, 2]));
    }
}
