// Bundles src/ into dist/, and web/ into dist/console. Runs as `prepare`, so that `npm ci` on a clone leaves a program that starts. One file for the server, one for the
// runner, one for the command line and what they share: a start that reads hundreds of modules takes twice as long (decision 0015).
// Without the bundler (`npm ci --omit=dev`) an existing dist/ is kept as it is.
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildConsole } from './build-console.js'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const dist = path.join(root, 'dist')
// Into a folder beside it, so that a failed build leaves the program that was there.
const fresh = path.join(root, `dist.${process.pid}`)

const bundler = await findBundler()
if (bundler) {
  removeAbandoned()
  await build(bundler)
} else {
  const built = existsSync(path.join(dist, 'main.js'))
  console.error(
    built
      ? 'esbuild is not installed: dist/ is kept.'
      : 'esbuild is not installed: dist/ was not built. Run npm ci with the development dependencies.',
  )
}

async function findBundler() {
  try {
    return await import('esbuild')
  } catch (error) {
    if (error.code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}

async function build({ build }) {
  try {
    await build({
      absWorkingDir: root,
      entryPoints: ['src/main.ts'],
      outdir: fresh,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      // Native code, and a module that reads a file beside it.
      external: ['koffi', '@cwasm/webp'],
      // For the dependencies that are CommonJS.
      banner: { js: "import { createRequire as requireFrom } from 'node:module'\nconst require = requireFrom(import.meta.url)" },
    })
    await buildConsole(bundler, { root, outdir: path.join(fresh, 'console') })
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    // The bundler has printed what is wrong.
    if (!error.errors) throw error
    process.exit(1)
  }
  replaceDist()
}

/** Another build may do the same at this moment; whichever is last stays. What is removed has a name that only this one knows. */
function replaceDist() {
  const former = `${fresh}.old`
  for (;;) {
    ignoring(['ENOENT'], () => renameSync(dist, former))
    rmSync(former, { recursive: true, force: true })
    if (ignoring(['ENOTEMPTY', 'EEXIST'], () => renameSync(fresh, dist))) return
  }
}

/** False where it failed with one of these. */
function ignoring(codes, task) {
  try {
    task()
    return true
  } catch (error) {
    if (codes.includes(error.code)) return false
    throw error
  }
}

/** Of builds that were killed. */
function removeAbandoned() {
  for (const name of readdirSync(root)) {
    const builder = /^dist\.(\d+)(?:\.old)?$/.exec(name)?.[1]
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
