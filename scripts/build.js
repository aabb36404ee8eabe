// Compiles src/ to dist/. Runs as `prepare`, so that `npm ci` on a clone leaves a program that starts.
// Without the compiler (`npm ci --omit=dev`) an existing dist/ is kept as it is.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)

let compiler
try {
  compiler = path.join(path.dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
} catch {
  const built = existsSync(path.join(root, 'dist', 'main.js'))
  console.error(
    built
      ? 'TypeScript is not installed: dist/ is kept.'
      : 'TypeScript is not installed: dist/ was not built. Run npm ci with the development dependencies.',
  )
  process.exit(0)
}
// Into a folder beside it, so that a failed build leaves the program that was there.
const dist = path.join(root, 'dist')
const fresh = path.join(root, `dist.${process.pid}`)
removeAbandoned()
const result = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', fresh], { cwd: root, stdio: 'inherit' })
if (result.status === 0) {
  rmSync(dist, { recursive: true, force: true })
  renameSync(fresh, dist)
} else {
  rmSync(fresh, { recursive: true, force: true })
}
if (result.error) throw result.error
process.exit(result.status ?? 1)

/** Of builds that were killed. */
function removeAbandoned() {
  for (const name of readdirSync(root)) {
    const builder = /^dist\.(\d+)$/.exec(name)?.[1]
    if (builder !== undefined && !isRunning(Number(builder))) rmSync(path.join(root, name), { recursive: true, force: true })
  }
}

function isRunning(id) {
  try {
    return process.kill(id, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}
