// Bundles web/ into a folder: one script, one style sheet and one icon, each named by its hash, and the page that names them. What a browser fetches
// is minified; errors there are the browser's affair, and web/ is what one reads.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Names in the page, as they stand in web/index.html, and what they are made of. */
const ASSETS = { 'main.js': 'web/main.tsx', 'console.css': 'web/styles/console.css', 'icon.svg': 'web/icon.svg' }
/** Browsers of 2023 and later. */
const TARGET = ['chrome111', 'firefox113', 'safari16.4']

export async function buildConsole({ build }, { root, outdir }) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.values(ASSETS),
    outdir,
    entryNames: '[name]-[hash]',
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: TARGET,
    minify: true,
    metafile: true,
    loader: { '.svg': 'copy' },
  })
  let page = readFileSync(path.join(root, 'web/index.html'), 'utf8')
  for (const [name, source] of Object.entries(ASSETS)) page = page.replace(`console/${name}`, `console/${outputOf(source, metafile)}`)
  writeFileSync(path.join(outdir, 'index.html'), page)
  // Its licence goes with every copy.
  copyFileSync(path.join(root, 'node_modules/preact/LICENSE'), path.join(outdir, 'preact.LICENSE'))
}

function outputOf(source, { outputs }) {
  const found = Object.keys(outputs).find((name) => outputs[name].entryPoint === source || source in outputs[name].inputs)
  return path.basename(found)
}
