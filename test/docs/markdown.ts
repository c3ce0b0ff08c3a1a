/** Owns the reading of our own pages: what in them can be run, followed or looked up. */
import { readFileSync } from 'node:fs'

export interface Block {
  /** The word after the fence; empty where there is none. */
  language: string
  text: string
}

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm

export const readPage = (path: string): string => readFileSync(path, 'utf8')

export const blocksOf = (page: string, language?: string): Block[] =>
  [...page.matchAll(FENCE)]
    .map(([, word = '', text = '']) => ({ language: word, text }))
    .filter((block) => language === undefined || block.language === language)

/** The page without its blocks, so that a code span is none of a program. */
export const proseOf = (page: string): string => page.replaceAll(FENCE, '')

/** What stands in backticks outside of blocks. */
export const spansOf = (page: string): string[] =>
  [...proseOf(page).matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)

/** Targets of links into this repository. */
export const linksOf = (page: string): string[] =>
  [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))

/** The anchors that GitHub gives the headings. */
export const anchorsOf = (page: string): string[] =>
  [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
