//! Memory that is not needed any more goes back to the system, so that the agent stays small however much a notice, a
//! preview or a picture took for a moment.
#![allow(unsafe_code, reason = "the C library's allocator and the kernel's mappings have no safe interface")]

use std::time::Duration;

/// From how many bytes on an allocation is a mapping of its own, which goes back at once. Fixed: else the C library raises
/// it to the size of the largest buffer that was freed, and keeps every picture's memory from then on.
#[cfg(target_env = "gnu")]
const OWN_MAPPING: libc::c_int = 256 << 10;
/// How many bytes may lie unused at the end of the heap before they go back.
#[cfg(target_env = "gnu")]
const SLACK: libc::c_int = 256 << 10;
/// Heaps: threads share them. Each further one keeps slack of its own.
#[cfg(target_env = "gnu")]
const HEAPS: libc::c_int = 2;

/// How long after the start memory is given back first: the start is over then.
const FIRST: Duration = Duration::from_secs(5);
/// How often it is given back after that.
const EVERY: Duration = Duration::from_secs(30);

/// Has the allocator keep little of what is given back. Called once, before threads are started.
pub fn keep_little() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the calls change numbers inside the allocator, and no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, HEAPS);
        libc::mallopt(libc::M_MMAP_THRESHOLD, OWN_MAPPING);
        libc::mallopt(libc::M_TRIM_THRESHOLD, SLACK);
    }
}

/// Gives memory back for as long as it runs: a notice or a preview may have been read meanwhile.
pub(crate) async fn keep_giving_back() {
    tokio::time::sleep(FIRST).await;
    loop {
        give_back();
        tokio::time::sleep(EVERY).await;
    }
}

/// Gives back what lies unused in the heaps, and the pages of the program's code: those that are still used come back from
/// the file by themselves, those of a start or a notice do not. Takes about a millisecond.
fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the call takes a number and locks the heaps itself.
    unsafe {
        libc::malloc_trim(0);
    }
    #[cfg(target_os = "linux")]
    for code in code_mappings() {
        // SAFETY: the mapping is this program's code, from a file, and was never written to: the kernel reads the same bytes
        // again when a page of it is used.
        let advised = unsafe {
            rustix::mm::madvise(code.start as *mut _, code.len(), rustix::mm::Advice::LinuxDontNeed)
        };
        if let Err(error) = advised {
            tracing::debug!("pages of code are kept: {error}");
        }
    }
}

/// Where this program's own file is mapped to be run and cannot be written to.
#[cfg(target_os = "linux")]
fn code_mappings() -> Vec<std::ops::Range<usize>> {
    let Ok(program) = std::env::current_exe() else { return Vec::new() };
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let code = |line: &str| {
        // As `55d0c0a1e000-55d0c3b8f000 r-xp 01a5d000 fe:00 131 /usr/bin/candor-agent`.
        let mut fields = line.splitn(6, ' ');
        let (from, to) = fields.next()?.split_once('-')?;
        let runs = fields.next()? == "r-xp";
        let ours = fields.nth(3)?.trim_start() == program.to_str()?;
        let range = usize::from_str_radix(from, 16).ok()?..usize::from_str_radix(to, 16).ok()?;
        (runs && ours).then_some(range)
    };
    maps.lines().filter_map(code).collect()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    /// Pages of this program's code that are in memory, in kB.
    fn code_in_memory() -> u64 {
        let code = code_mappings();
        let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut inside = false;
        let mut kb = 0;
        for line in smaps.lines() {
            if let Some((from, _)) = line.split_once('-')
                && let Ok(from) = usize::from_str_radix(from, 16)
            {
                inside = code.iter().any(|code| code.start == from);
            }
            if let (true, Some(size)) = (inside, line.strip_prefix("Rss:")) {
                kb += size.trim().trim_end_matches(" kB").parse::<u64>().unwrap();
            }
        }
        kb
    }

    #[test]
    fn code_that_ran_once_is_given_back_and_what_still_runs_comes_back() {
        let code = code_mappings();
        assert_eq!(code.len(), 1, "{code:?}");
        // Reads a byte of every page, as a long start would.
        let touched: u64 = code[0]
            .clone()
            .step_by(4_096)
            // SAFETY: the page is mapped and can be read.
            .map(|page| u64::from(unsafe { std::ptr::read_volatile(page as *const u8) }))
            .sum();
        let before = code_in_memory();
        give_back();
        let after = code_in_memory();
        assert!(touched > 0 && after < before / 2, "{before} kB, then {after} kB");
    }
}
