//! Compiles the wire protocol with protox, so that building needs no protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[cfg(feature = "net")]
    {
        let files = protox::compile(["proto/starloom.proto"], ["proto"])?;
        tonic_prost_build::configure()
            .bytes(".starloom.v1.Chunk.packed")
            .build_transport(false)
            .emit_rerun_if_changed(false)
            .compile_fds(files)?;
        println!("cargo::rerun-if-changed=proto/starloom.proto");
    }
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
