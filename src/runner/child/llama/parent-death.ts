// A runner must not outlive its server, and while a model loads or a step computes it hears nothing. On Linux the kernel ends it at once when
// the parent dies; elsewhere the closed channel does, as soon as the runner listens again.

import koffi from 'koffi'

const PR_SET_PDEATHSIG = 1
const SIGKILL = 9

export function dieWithParent(): void {
  if (process.platform !== 'linux') return
  const libc = koffi.load('libc.so.6')
  libc.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)')(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
}
