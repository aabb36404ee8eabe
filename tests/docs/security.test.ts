import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../support/paths.ts'

const page = readFileSync(path.join(root, 'docs', 'security.md'), 'utf8')
const rows = page
  .split('\n')
  .filter((line) => /^\| (CVE|issue|lmstudio)/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .flatMap(([, advisories = '', , , files = '']) =>
    advisories
      .split(', ')
      .map((advisory): [string, string[]] => [advisory, [...files.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file)]),
  )

// The list of the compatibility contract, section 5.
const KNOWN = [
  ...['2024-28224', '2024-37032', '2025-44779', '2024-39719', '2024-39720', '2024-39721', '2024-39722', '2024-45436', '2024-8063'],
  ...['2024-12055', '2024-12886', '2025-0312', '2025-0315', '2025-0317', '2025-1975', '2025-51471', '2025-63389', '2025-66959'],
  ...['2025-66960', '2025-15514', '2026-7482', '2026-5757', '2026-5530', '2026-7020', '2026-42248', '2026-42249'],
].map((id) => `CVE-${id}`)

describe('docs/security.md', () => {
  it.each([...KNOWN, 'issue 17041', 'issue 17042', 'issue 13223', 'lmstudio issue 2289'])('has a row for %s', (advisory) => {
    expect(rows.map(([known]) => known)).toContain(advisory)
  })

  it.each(rows)('names tests of %s, in which it stands', (advisory, files) => {
    expect(files.length).toBeGreaterThan(0)
    for (const file of files) {
      expect(existsSync(path.join(root, file)), file).toBe(true)
      expect(readFileSync(path.join(root, file), 'utf8')).toMatch(new RegExp(`${advisory}(?!\\d)`))
    }
  })
})
