// Completes package-lock.json after `npm install` on a network whose registry does not offer every platform's packages: npm leaves those out,
// and `npm ci` then refuses the file. Each missing optional package gets an entry with its version and the platform that its name tells,
// so that other platforms install it and this one skips it. Entries that npm wrote itself are not touched.
//   node scripts/complete-lock.js

import { readFileSync, writeFileSync } from 'node:fs'

const SYSTEMS = {
  darwin: 'darwin',
  mac: 'darwin',
  linux: 'linux',
  win32: 'win32',
  win: 'win32',
  windows: 'win32',
  android: 'android',
  freebsd: 'freebsd',
  netbsd: 'netbsd',
  openbsd: 'openbsd',
  sunos: 'sunos',
  aix: 'aix',
  openharmony: 'openharmony',
  fsevents: 'darwin',
}
const PROCESSORS = {
  x64: 'x64',
  arm64: 'arm64',
  arm: 'arm',
  armv7l: 'arm',
  ia32: 'ia32',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
  loong64: 'loong64',
  mips64el: 'mips64el',
  wasm32: 'wasm32',
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const added = []
for (const [place, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    if (findEntry(place, name)) continue
    lock.packages[`node_modules/${name}`] = {
      version: range.replace(/^[\^~]/, ''),
      ...platform(name),
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
    }
    added.push(name)
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
console.log(added.length === 0 ? 'package-lock.json is complete' : `added ${added.length}: ${added.join(', ')}`)

function findEntry(place, name) {
  for (let folder = place; ; folder = folder.includes('/node_modules/') ? folder.slice(0, folder.lastIndexOf('/node_modules/')) : '') {
    const key = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`
    if (lock.packages[key]) return lock.packages[key]
    if (folder === '') return undefined
  }
}

/** wasm32 builds run anywhere and are asked for by no platform: they are named for a processor that no Node has. */
function platform(name) {
  const words = name.split('/').pop().split('-')
  const os = words.map((word) => SYSTEMS[word]).find(Boolean)
  const cpu = words.map((word) => PROCESSORS[word]).find(Boolean)
  const libc = words.some((word) => word === 'musl' || word === 'musleabihf')
    ? 'musl'
    : words.some((word) => word.startsWith('gnu'))
      ? 'glibc'
      : undefined
  return { ...(cpu ? { cpu: [cpu] } : {}), ...(libc && os === 'linux' ? { libc: [libc] } : {}), ...(os ? { os: [os] } : {}) }
}
