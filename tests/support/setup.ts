// Once before all tests of the whole: the program is built as it ships, and the small real model is there.

import { spawnSync } from 'node:child_process'
import { root } from './paths.ts'
import { findTestModel } from './test-model.ts'

export default async function setup(): Promise<void> {
  const build = spawnSync(process.execPath, ['scripts/build.js'], { cwd: root, encoding: 'utf8' })
  if (build.status !== 0) throw new Error(`the build failed:\n${build.stdout}${build.stderr}`)
  process.env.LLAMERO_TEST_GGUF = await findTestModel()
}
