#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = pyship_fuzz::timed(pyship_fuzz::trailer, data);
});
