import { expect, test } from 'vitest'
import { createBook } from '../../src/sync/book.ts'
import { nothing } from '../store/lives.ts'

test('a new session begins with no touch and no count of the old one', () => {
  const book = createBook()
  book.begin(1)
  book.advance(9)
  book.touch('order/a', 10)
  expect([book.mark(), book.touches.get('order/a')]).toEqual([
    { epoch: 1, counter: 9 },
    { counter: 9, at: 10 },
  ])
  book.begin(2)
  expect([book.mark(), book.touches.size]).toEqual([{ epoch: 2, counter: 0 }, 0])
})
test('the count never goes back', () => {
  const book = createBook()
  book.advance(9)
  book.advance(3)
  expect(book.mark().counter).toBe(9)
})
test('touches too old to protect anything are dropped, and only those', () => {
  const book = createBook()
  book.touch('order/old', 9)
  book.touch('order/new', 10)
  book.forgetTouchesBefore(10)
  expect([...book.touches.keys()]).toEqual(['order/new'])
})
test('courses follow what was committed', () => {
  const book = createBook()
  const course = {
    reads: 1,
    weakReads: 0,
    healthyMs: 0,
    since: 0,
    countedAt: 0,
    historyAsked: false,
    lookupAnswered: false,
  }
  book.settle({ ...nothing, courses: new Map([['order/a', course]]) })
  expect(book.courses.get('order/a')).toEqual(course)
  book.settle({ ...nothing, courses: new Map([['order/a', null]]) })
  expect(book.courses.size).toBe(0)
})
