import { expect, it } from 'vitest'
import { withoutFolders } from './report.ts'

it('leaves out the folders of the machine, and no part of an address', () => {
  expect(withoutFolders("--url http://127.0.0.1:1 --start '/some/where/a.sh serve' --engine=/other/model.gguf")).toBe(
    "--url http://127.0.0.1:1 --start 'a.sh serve' --engine=model.gguf",
  )
})
