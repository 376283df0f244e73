// SPDX-License-Identifier: MIT OR Apache-2.0
//! Signals of the host become exceptions of the machine.

use super::seh::{EXCEPTION_RECORD, dispatch, driver_call};
use super::{Registers, emulate, window};
use crate::bugcheck::{self, KERNEL_SECURITY_CHECK_FAILURE, UNEXPECTED_KERNEL_MODE_TRAP};
use crate::executive::crt;
use crate::guest::{self, CallFrame};
use crate::nt::*;
use crate::state::Global;
use crate::verifier::{self, Rule};
use crate::{loader, pool, user};
use std::ffi::c_void;

const PAGE_FAULT_IN_NONPAGED_AREA: u32 = 0x50;
const DRIVER_IRQL_NOT_LESS_OR_EQUAL: u32 = 0xd1;
/// `si_code` of a trap behind one instruction. Under a hypervisor that is busy one may come twice, or with another code: what is open tells.
const TRAP_TRACE: i32 = 2;

/// What gs points at: KPCR with the fields that drivers' inline functions read.
static mut KPCR: [usize; 1024] = [0; 1024];

pub(crate) fn set_current_thread(thread: *mut c_void) {
    // SAFETY: one thread. KPCR.Prcb.CurrentThread is at 0x188.
    unsafe { KPCR[0x188 / 8] = thread as usize };
}

struct Pending {
    signal: i32,
    code: i32,
    address: usize,
    registers: Registers,
}

static PENDING: Global<Option<Pending>> = Global::new(None);

pub(crate) fn initialize() {
    const STACK: usize = 128 * 1024;
    // SAFETY: process-wide set-up on the one thread; gs is not used by user-mode code on x86-64 Linux.
    unsafe {
        let pcr = &raw mut KPCR;
        (*pcr)[0x18 / 8] = pcr as usize;
        (*pcr)[0x20 / 8] = pcr as usize + 0x180;
        const ARCH_SET_GS: i32 = 0x1001;
        let done = libc::syscall(libc::SYS_arch_prctl, ARCH_SET_GS, pcr as usize);
        assert_eq!(done, 0, "arch_prctl");

        let memory = libc::mmap(
            std::ptr::null_mut(),
            STACK,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        assert!(memory != libc::MAP_FAILED);
        let stack = libc::stack_t {
            ss_sp: memory,
            ss_flags: 0,
            ss_size: STACK,
        };
        libc::sigaltstack(&stack, std::ptr::null_mut());
        for signal in [
            libc::SIGSEGV,
            libc::SIGBUS,
            libc::SIGILL,
            libc::SIGTRAP,
            libc::SIGFPE,
        ] {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_signal as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
}

/// REG_ indices of ucontext for the registers in their encoding order.
const GREGS: [i32; 16] = [
    libc::REG_RAX,
    libc::REG_RCX,
    libc::REG_RDX,
    libc::REG_RBX,
    libc::REG_RSP,
    libc::REG_RBP,
    libc::REG_RSI,
    libc::REG_RDI,
    libc::REG_R8,
    libc::REG_R9,
    libc::REG_R10,
    libc::REG_R11,
    libc::REG_R12,
    libc::REG_R13,
    libc::REG_R14,
    libc::REG_R15,
];

unsafe extern "C" fn on_signal(signal: i32, info: *mut libc::siginfo_t, ucontext: *mut c_void) {
    // SAFETY: the arguments of a signal handler.
    unsafe {
        let uc = &mut *ucontext.cast::<libc::ucontext_t>();
        let mut r = Registers::default();
        for (v, i) in r.gp.iter_mut().zip(GREGS) {
            *v = uc.uc_mcontext.gregs[i as usize] as usize;
        }
        r.rip = uc.uc_mcontext.gregs[libc::REG_RIP as usize] as usize;
        r.flags = uc.uc_mcontext.gregs[libc::REG_EFL as usize] as usize;
        if let Some(fp) = uc.uc_mcontext.fpregs.as_ref() {
            for (x, f) in r.xmm.iter_mut().zip(&fp._xmm) {
                *x = (0..4).fold(0, |x, i| x | u128::from(f.element[i]) << (32 * i));
            }
        }
        let address = (*info).si_addr() as usize;
        let driver = loader::is_guest(r.rip);
        if driver && signal == libc::SIGSEGV && emulate::emulate(&mut r, address) {
            for (v, i) in r.gp.iter().zip(GREGS) {
                uc.uc_mcontext.gregs[i as usize] = *v as i64;
            }
            uc.uc_mcontext.gregs[libc::REG_RIP as usize] = r.rip as i64;
            return;
        }
        let resumes = match signal {
            libc::SIGSEGV => {
                const WRITE: i64 = 2;
                let write = uc.uc_mcontext.gregs[libc::REG_ERR as usize] & WRITE != 0;
                window::open(&mut r, address, write)
            }
            libc::SIGTRAP => window::close(&mut r) || (*info).si_code == TRAP_TRACE,
            _ => false,
        };
        if resumes {
            uc.uc_mcontext.gregs[libc::REG_EFL as usize] = r.flags as i64;
            return;
        }
        // The instruction does not come to its end.
        window::close(&mut r);
        if signal == libc::SIGTRAP && driver && *((r.rip - 1) as *const u8) == 0xcc {
            // Windows reports the address of the breakpoint, Linux the one behind it.
            r.rip -= 1;
        }
        let context = guest::current();
        if context.is_null()
            || (!driver
                && !crt::is_leaf(r.rip)
                && (*context).frame.is_null()
                && !(*context).guard_hit(address))
        {
            eprintln!(
                "simkernel: signal {signal} in host code at {}, address {address:#x}",
                loader::symbolise(r.rip)
            );
            eprintln!("{}", std::backtrace::Backtrace::force_capture());
            loader::tell_taken();
            libc::_exit(bugcheck::EXIT_CODE + 1);
        }
        // Go on outside the handler, on the host stack.
        let sp = if (*context).on_guest_stack(r.gp[4]) || (*context).guard_hit(r.gp[4]) {
            (*context).host_sp
        } else {
            r.gp[4] - 4096
        };
        *PENDING.get() = Some(Pending {
            signal,
            code: (*info).si_code,
            address,
            registers: r,
        });
        uc.uc_mcontext.gregs[libc::REG_RSP as usize] = ((sp - 256) & !15) as i64 - 8;
        uc.uc_mcontext.gregs[libc::REG_RIP as usize] = after_signal as *const () as usize as i64;
        // Direction flag clear, as every convention demands.
        uc.uc_mcontext.gregs[libc::REG_EFL as usize] &= !(0x400 | window::TRAP as i64);
    }
}

extern "sysv64" fn after_signal() -> ! {
    let Some(p) = PENDING.get().take() else {
        unreachable!("no fault is pending");
    };
    let r = p.registers.clone();
    let context = guest::current();
    // SAFETY: the running context is live.
    let c = unsafe { &mut *context };
    let in_driver = loader::is_guest(r.rip) || crt::is_leaf(r.rip);
    let byte = |i: usize| {
        if in_driver {
            // SAFETY: rip of a fault in driver code is mapped, unless the fault is that it is not.
            unsafe { *((r.rip + i) as *const u8) }
        } else {
            0
        }
    };
    let fetch = p.address == r.rip;

    if c.guard_hit(p.address) && p.signal == libc::SIGSEGV {
        bugcheck::stop(
            UNEXPECTED_KERNEL_MODE_TRAP,
            [8, p.address, 0, 0],
            "stack overflow: driver code has used its 24 KiB of kernel stack",
            Some(&r),
        );
    }
    if !fetch && in_driver && byte(0) == 0xcd && byte(1) == 0x29 {
        bugcheck::stop(
            KERNEL_SECURITY_CHECK_FAILURE,
            [r.gp[1], 0, 0, 0],
            "__fastfail (int 0x29); the first parameter is its code",
            Some(&r),
        );
    }
    let (code, parameters, text): (NTSTATUS, Vec<usize>, String) = match p.signal {
        libc::SIGTRAP => (
            status::STATUS_BREAKPOINT,
            vec![0],
            "int 3, a breakpoint".into(),
        ),
        libc::SIGILL => (
            status::STATUS_ILLEGAL_INSTRUCTION,
            vec![],
            "an illegal instruction (ud2)".into(),
        ),
        // FPE_INTDIV
        libc::SIGFPE if p.code == 1 => (
            status::STATUS_INTEGER_DIVIDE_BY_ZERO,
            vec![],
            "integer division by zero".into(),
        ),
        libc::SIGFPE => (
            status::STATUS_FLOAT_INVALID_OPERATION,
            vec![],
            "a floating-point exception".into(),
        ),
        _ if !fetch && privileged([byte(0), byte(1), byte(2)]) => (
            status::STATUS_PRIVILEGED_INSTRUCTION,
            vec![],
            "a privileged instruction".into(),
        ),
        _ => {
            if p.address >> 12 == 0xFFFF_F780_0000_0000 >> 12 {
                bugcheck::stop(
                    bugcheck::KMODE_EXCEPTION_NOT_HANDLED,
                    [
                        status::STATUS_ACCESS_VIOLATION as u32 as usize,
                        r.rip,
                        0,
                        p.address,
                    ],
                    "KUSER_SHARED_DATA was read with an instruction that simkernel does not emulate",
                    Some(&r),
                );
            }
            access_violation(&p, &r, in_driver)
        }
    };
    let mut record = EXCEPTION_RECORD::new(code, r.rip, &parameters);
    if in_driver {
        // Handlers run below the frame that faulted.
        let mut frame = CallFrame::at(r.gp[4] - 64, c.frame);
        let outer = c.frame;
        c.frame = &raw mut frame;
        record.ExceptionAddress = r.rip;
        dispatch(record, r, outer, &text)
    }
    // A fault of host code that serves a driver's call: the exception is the caller's, as on Windows.
    let outer = c.frame;
    let Some(site) = driver_call() else {
        bugcheck::stop(
            bugcheck::KMODE_EXCEPTION_NOT_HANDLED,
            [code as u32 as usize, r.rip, 0, p.address],
            &format!("{text}, in host code at {}", loader::symbolise(r.rip)),
            None,
        );
    };
    // SAFETY: linked frames are live.
    let previous = unsafe {
        if outer.is_null() {
            outer
        } else {
            (*outer).previous
        }
    };
    let text = format!("{text}, in host code at {}", loader::symbolise(r.rip));
    dispatch(record, site, previous, &text)
}

/// The exception for a bad address; addresses that are not user mode's stop the machine at once.
fn access_violation(p: &Pending, r: &Registers, in_driver: bool) -> (NTSTATUS, Vec<usize>, String) {
    let text = match pool::describe_address(p.address) {
        Some(d) => format!("access to {:#x}, {d}", p.address),
        None => format!("access to {:#x}", p.address),
    };
    let is_user = user::is_user(p.address as u64) && p.code > 0 && p.code != 128;
    if is_user && p.address > 0xffff && guest::irql() >= DISPATCH_LEVEL {
        bugcheck::stop(
            DRIVER_IRQL_NOT_LESS_OR_EQUAL,
            [p.address, guest::irql() as usize, 0, r.rip],
            &format!("{text}: user memory touched at DISPATCH_LEVEL"),
            Some(r),
        );
    }
    if !is_user && in_driver && p.code != 128 {
        if user::was_system(p.address) {
            verifier::violation(
                Rule::MdlUsed,
                format!("{text}: where the pages of an MDL were mapped"),
            );
        }
        bugcheck::stop(
            PAGE_FAULT_IN_NONPAGED_AREA,
            [p.address, 0, r.rip, 0],
            &text,
            Some(r),
        );
    }
    (status::STATUS_ACCESS_VIOLATION, vec![0, p.address], text)
}

fn privileged(b: [u8; 3]) -> bool {
    let b = if b[0] & 0xf0 == 0x40 {
        [b[1], b[2], 0]
    } else {
        b
    };
    matches!(
        b,
        [0xf4 | 0xfa | 0xfb, ..] | [0x0f, 0x20..=0x23 | 0x30 | 0x32 | 0x01, _]
    )
}
