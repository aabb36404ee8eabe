import os from 'node:os'
import { errorCode } from './base/system-error.ts'
import type { ProcessUser } from './service/maintenance/folder-problem.ts'

/** Who runs this process. A container may run under a number that no list of users has; then the number stands for the name, as setfacl takes it. */
export function processUser(readUser: () => { username: string } = os.userInfo): ProcessUser {
  const uid = process.getuid?.()
  try {
    return { uid, name: readUser().username }
  } catch (error) {
    if (errorCode(error) !== 'ERR_SYSTEM_ERROR') throw error
    return { uid, name: String(uid ?? 'this user') }
  }
}
