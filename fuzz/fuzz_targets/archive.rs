#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    pyship_fuzz::timed(pyship_fuzz::archive, data);
});
