/* The kernel of the browser edition loads this as if it was Pyodide.

   It loads the real one, and adds the wheels of this site to the list of packages that Pyodide
   knows, so that `import sh_teach` works at once. Addresses are put together here, in the
   browser: nobody knows before where the site will be. */

const PYODIDE = "{{PYODIDE}}"; // relative to this file, or an address

// What is said once of a browser tab, and is nothing for the reader to act on: there are no locks
// of files, no threads, and matplotlib looks for fonts.
const QUIET = `
import logging, warnings
logging.getLogger("matplotlib.font_manager").setLevel("ERROR")
warnings.filterwarnings("ignore", "only soft file lock is available")
warnings.filterwarnings("ignore", "tqdm:disabling monitor support")
`;

self.loadPyodide = async (options) => {
  const site = options.indexURL;
  const index = new URL(PYODIDE, site).href;
  importScripts(new URL("pyodide.js", index).href); // replaces self.loadPyodide
  const [lock, wheels] = await Promise.all(
    [new URL("pyodide-lock.json", index), new URL("wheels.json", site)].map(
      async (address) => (await fetch(address)).json(),
    ),
  );
  for (const wheel of wheels) {
    wheel.file_name = new URL(wheel.file_name, site).href;
    lock.packages[wheel.name] = wheel;
  }
  const blob = new Blob([JSON.stringify(lock)], { type: "application/json" });
  const lockFileURL = URL.createObjectURL(blob);
  const pyodide = await self.loadPyodide({ ...options, indexURL: index, lockFileURL });
  pyodide.runPython(QUIET);
  return pyodide;
};
