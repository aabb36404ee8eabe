// The program's entry for a worker that is started from the source: tsx translates for a program's first thread alone.

import { register } from 'tsx/esm/api'

register()
await import(new URL('../../../main.ts', import.meta.url).href)
