// Builds policy.js into a component: node build.mjs [OUT.wasm]
//
// Without a name it goes into the folder that CANDOR_GUESTS names, or beside this file.
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { componentize } from '@bytecodealliance/componentize-js';

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(
  process.argv[2] ?? join(process.env.CANDOR_GUESTS ?? here, 'candor_example_policy_js.wasm'),
);

// The tool takes one folder of WIT: this example's world, with the contract beside it as a dependency.
const wit = await mkdtemp(join(tmpdir(), 'candor-policy-js-'));
try {
  await cp(join(here, 'wit/world.wit'), join(wit, 'world.wit'));
  await mkdir(join(wit, 'deps/candor-plugin'), { recursive: true });
  for (const file of ['types', 'base', 'collector', 'policy', 'uploader']) {
    await cp(join(here, `../../wit/${file}.wit`), join(wit, `deps/candor-plugin/${file}.wit`));
  }
  const { component } = await componentize({
    sourcePath: join(here, 'policy.js'),
    witPath: wit,
    worldName: 'cover-applications',
    // Everything that the engine would import from WASI: a policy has no clock, no random and no way out.
    disableFeatures: ['stdio', 'random', 'clocks', 'http', 'fetch-event'],
  });
  // Whole or not at all: someone may be reading the one that is there.
  await mkdir(dirname(out), { recursive: true });
  await writeFile(`${out}.part`, component);
  await rename(`${out}.part`, out);
  console.log(`${out}: ${(component.length / 1e6).toFixed(1)} MB`);
} finally {
  await rm(wit, { recursive: true, force: true });
}
