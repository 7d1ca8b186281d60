// Byte-compiles a folder by Pyodide, a CPython in WebAssembly: node compile.mjs PYODIDE FOLDER PLACE
// Bytecode depends on Python's version alone, and not on the processor.
import { pathToFileURL } from "node:url";

const [module, folder, place] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(module).href);
const python = await loadPyodide();
python.FS.mkdir("/bundle");
python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, "/bundle");
python.globals.set("place", place);
python.runPython(`
import compileall, py_compile, sys
fine = compileall.compile_dir(
    "/bundle", maxlevels=50, quiet=1, stripdir="/bundle", prependdir=place,
    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
)
if not fine:
    raise SystemExit("some files could not be compiled")
`);
