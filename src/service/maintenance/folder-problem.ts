import type { OpenStore } from '../../store/store.ts'

type FolderProblem = NonNullable<Awaited<ReturnType<OpenStore['maintenance']['findFolderProblem']>>>

/** Absent on systems without such numbers. */
export interface ProcessUser {
  uid: number | undefined
  name: string
}

const NEEDED: Readonly<Record<Exclude<FolderProblem['lacks'], 'folder'>, { word: string; bits: string }>> = {
  enter: { word: 'enter', bits: 'x' },
  list: { word: 'list', bits: 'rx' },
  write: { word: 'write into', bits: 'rwx' },
  read: { word: 'read', bits: 'r' },
}

/** Which element of the path lacks what, for whom, and the command that mends it. */
export function describeFolderProblem(problem: FolderProblem, user: ProcessUser): { text: string; advice: string } {
  const { element, lacks, owner, readOnly } = problem
  if (lacks === 'folder') return { text: `${element} is not a folder`, advice: 'move it away, or set OLLAMA_MODELS to another folder' }
  if (readOnly) {
    return {
      text: `${element} lies on a disk that is mounted read-only`,
      advice: 'mount it for writing, or set OLLAMA_MODELS to another folder',
    }
  }
  const { word, bits } = NEEDED[lacks]
  const who = user.uid === undefined ? user.name : `${user.name} (uid ${user.uid})`
  const whose = owner ? `; it belongs to uid ${owner.uid}, gid ${owner.gid}, mode ${owner.mode}` : ''
  const advice = `let ${user.name} in (setfacl -m u:${user.name}:${bits} ${quote(element)}), or set OLLAMA_MODELS to a folder of its own`
  return { text: `${who} may not ${word} ${element}${whose}`, advice }
}

function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
