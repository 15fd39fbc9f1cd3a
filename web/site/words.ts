/** What the site itself says, in each language that it speaks. What an editor wrote comes from the API. */
const en = {
  skip: 'Skip to content', menu: 'Menu', close: 'Close', home: 'Front page', search: 'Search', signIn: 'Sign in', signOut: 'Sign out', signUp: 'Sign up',
  picks: 'Editors’ picks', latest: 'Latest', mostRead: 'Most read', more: 'More', older: 'Older stories', all: 'All', sections: 'Sections', topics: 'Topics',
  by: 'By', published: 'Published', updated: 'Updated', minutes: '{n} min read', comments: 'Comments', noComments: 'No comments yet.', share: 'Share', copyLink: 'Copy link',
  copied: 'Link copied', print: 'Print', textSize: 'Text size', previous: 'Previous story', next: 'Next story', related: 'Related stories', corrections: 'Corrections',
  correction: 'Correction', live: 'Live', keyEvent: 'Key event', pinned: 'Pinned', refreshed: 'Updates appear here by themselves.', save: 'Save', saved: 'Saved', undo: 'Undo', removed: 'Removed from your reading list',
  added: 'Added to your reading list', readingList: 'Reading list', emptyList: 'Nothing is saved yet. Press “Save” on a story to keep it here.', unavailable: 'This story is not available at the moment.', remove: 'Remove',
  reply: 'Reply', replyTo: 'Reply to {name}', cancel: 'Cancel', send: 'Send', name: 'Name', email: 'E-mail address', password: 'Password', comment: 'Comment', waiting: 'Thank you. A moderator will look at your comment first.',
  shown: 'Thank you. Your comment is shown below.', closed: 'Comments are closed.', members: 'Sign in to comment.', guestNote: 'Your address is not shown.', guest: 'Guest', removedComment: 'This comment was removed.', report: 'Report', reported: 'Thank you. A moderator will look at it.', like: 'Like',
  newest: 'Newest', oldest: 'Oldest', best: 'Most liked', loadMore: 'Show more', retry: 'Try again', failed: 'This part could not be loaded.', offline: 'You are offline. What is shown may be old.', offlineTitle: 'You are offline', expired: 'Your session has ended. Sign in again: what you wrote is kept.',
  newsletter: 'Newsletter', newsletterLead: 'The day’s news in your inbox.', subscribe: 'Subscribe', checkMail: 'Almost done: open the link in the mail that we sent to you.', preferences: 'Newsletter preferences', unsubscribe: 'Leave the newsletter', unsubscribed: 'You have left. No more mails will come.', leaveAsk: 'Do you want to leave the newsletter?',
  confirm: 'Confirm', confirmAsk: 'Confirm your subscription', confirmed: 'You are subscribed.', saveChanges: 'Save changes', changesSaved: 'Saved.', badLink: 'This link is not valid any more.', consentNeeded: 'Please agree first.', required: 'Please fill in this field.',
  results: '{n} results', resultsMore: 'More than {n} results', noResults: 'Nothing was found. Try other words, or fewer.', searchHint: 'Words, “a phrase”, -without', year: 'Year', language: 'Language', filters: 'Narrow down', clear: 'Clear',
  notFound: 'There is nothing at this address', notFoundLead: 'The page may have moved, or the address has a typing error.', gone: 'This page is gone', goneLead: 'It was here and was taken away for good.', withdrawn: 'This story was withdrawn',
  forgot: 'Lost your password?', forgotLead: 'We send you a link with which you can choose another.', mailSent: 'If there is an account for this address, a mail is on its way.', newPassword: 'New password', chooseNew: 'Choose a new password', passwordHint: 'At least 12 characters. A whole sentence is a good password.', passwordChanged: 'Your password is changed. You can sign in now.',
  code: 'Code of your authenticator', linkInstead: 'Send me a sign-in link', verify: 'Confirm your address', welcome: 'Welcome, {name}', accountMade: 'Open the link in the mail that we sent to you, then your account is ready.', closedSignUp: 'New accounts are by invitation at the moment.',
  interests: 'Your interests', following: 'Following', follow: 'Follow', unfollow: 'Unfollow', feed: 'For you', emptyFeed: 'Follow sections and topics, and their stories appear here.', notifications: 'Notifications', noNotifications: 'Nothing new.', markRead: 'Mark all as read', needSignIn: 'Sign in to see this page.',
  settings: 'Settings', keepHistory: 'Remember what I read', notifyReplies: 'Tell me of replies', notifyFollowed: 'Tell me of new stories I follow', notifyBreaking: 'Tell me of breaking news', digest: 'Summary by mail', stopDigest: 'End the summaries', stopDigestAsk: 'Do you want no more summaries by mail?', digestStopped: 'No more summaries will come.', NEVER: 'Never', DAILY: 'Daily', WEEKLY: 'Weekly',
  contact: 'Contact', subject: 'Subject', message: 'Message', messageSent: 'Thank you. Your message was sent.', contactClosed: 'Messages are not taken at the moment.', accept: 'Accept', privacy: 'Privacy and terms', breaking: 'Breaking', archive: 'Archive', draft: 'Preview: this story is not published.', by_: 'by', follow_us: 'Elsewhere', place: 'Place', series: 'Series', author: 'Author', tag: 'Topic', section: 'Section', licences: 'Licences', account: 'Account', editedAt: 'edited', otherLanguage: 'العربية', video: 'Video', audio: 'Audio', gallery: 'Pictures', opinion: 'Opinion', press: 'Press release', opens: 'Opens another site', wasThen: 'Before', isNow: 'Now', theme: 'Light or dark', working: 'One moment …', listen: 'Play from another site', theStory: 'Story', stories: 'Stories',
  SHARED_WORDS: 'Similar story', SHARED_TAGS: 'On {labels}', SAME_SERIES: 'From the same series', SAME_PLACE: 'About {labels}', SAME_PEOPLE: 'With {labels}', SAME_SECTION: 'In the same section', PINNED: 'Chosen by the editors',
  months: ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'] as readonly string[],
  days: ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as readonly string[],
};

export type Words = { readonly [K in keyof typeof en]: (typeof en)[K] extends readonly string[] ? readonly string[] : string };

const ar: Words = {
  skip: 'انتقل إلى المحتوى', menu: 'القائمة', close: 'إغلاق', home: 'الصفحة الأولى', search: 'بحث', signIn: 'تسجيل الدخول', signOut: 'تسجيل الخروج', signUp: 'إنشاء حساب',
  picks: 'اختيارات المحررين', latest: 'آخر الأخبار', mostRead: 'الأكثر قراءة', more: 'المزيد', older: 'أخبار أقدم', all: 'الكل', sections: 'الأقسام', topics: 'المواضيع',
  by: 'بقلم', published: 'نُشر في', updated: 'عُدّل في', minutes: '{n} دقائق قراءة', comments: 'التعليقات', noComments: 'لا تعليقات بعد.', share: 'مشاركة', copyLink: 'نسخ الرابط',
  copied: 'نُسخ الرابط', print: 'طباعة', textSize: 'حجم الخط', previous: 'الخبر السابق', next: 'الخبر التالي', related: 'أخبار ذات صلة', corrections: 'تصويبات',
  correction: 'تصويب', live: 'مباشر', keyEvent: 'حدث رئيسي', pinned: 'مثبّت', refreshed: 'تظهر التحديثات هنا تلقائيًا.', save: 'حفظ', saved: 'محفوظ', undo: 'تراجع', removed: 'أُزيل من قائمة القراءة',
  added: 'أُضيف إلى قائمة القراءة', readingList: 'قائمة القراءة', emptyList: 'لا شيء محفوظًا بعد. اضغط «حفظ» في أي خبر ليبقى هنا.', unavailable: 'هذا الخبر غير متاح الآن.', remove: 'إزالة',
  reply: 'رد', replyTo: 'رد على {name}', cancel: 'إلغاء', send: 'إرسال', name: 'الاسم', email: 'البريد الإلكتروني', password: 'كلمة المرور', comment: 'التعليق', waiting: 'شكرًا لك. سيراجع المشرف تعليقك أولًا.',
  shown: 'شكرًا لك. يظهر تعليقك أدناه.', closed: 'التعليقات مغلقة.', members: 'سجّل الدخول للتعليق.', guestNote: 'لا يُعرض بريدك.', guest: 'زائر', removedComment: 'أُزيل هذا التعليق.', report: 'إبلاغ', reported: 'شكرًا لك. سيراجعه المشرف.', like: 'إعجاب',
  newest: 'الأحدث', oldest: 'الأقدم', best: 'الأكثر إعجابًا', loadMore: 'عرض المزيد', retry: 'حاول مجددًا', failed: 'تعذّر تحميل هذا الجزء.', offline: 'أنت غير متصل. قد يكون المعروض قديمًا.', offlineTitle: 'أنت غير متصل', expired: 'انتهت جلستك. سجّل الدخول مجددًا: ما كتبته محفوظ.',
  newsletter: 'النشرة البريدية', newsletterLead: 'أخبار اليوم في بريدك.', subscribe: 'اشتراك', checkMail: 'بقيت خطوة: افتح الرابط في الرسالة التي أرسلناها إليك.', preferences: 'إعدادات النشرة', unsubscribe: 'مغادرة النشرة', unsubscribed: 'غادرت النشرة. لن تصلك رسائل أخرى.', leaveAsk: 'هل تريد مغادرة النشرة؟',
  confirm: 'تأكيد', confirmAsk: 'أكّد اشتراكك', confirmed: 'أنت مشترك الآن.', saveChanges: 'حفظ التغييرات', changesSaved: 'حُفظ.', badLink: 'لم يعد هذا الرابط صالحًا.', consentNeeded: 'يُرجى الموافقة أولًا.', required: 'يُرجى ملء هذا الحقل.',
  results: '{n} نتيجة', resultsMore: 'أكثر من {n} نتيجة', noResults: 'لم نجد شيئًا. جرّب كلمات أخرى أو أقل.', searchHint: 'كلمات، «عبارة»، -استثناء', year: 'السنة', language: 'اللغة', filters: 'تضييق البحث', clear: 'مسح',
  notFound: 'لا شيء في هذا العنوان', notFoundLead: 'ربما نُقلت الصفحة أو في العنوان خطأ.', gone: 'لم تعد هذه الصفحة موجودة', goneLead: 'كانت هنا وأزيلت نهائيًا.', withdrawn: 'سُحب هذا الخبر',
  forgot: 'نسيت كلمة المرور؟', forgotLead: 'نرسل إليك رابطًا تختار به كلمة أخرى.', mailSent: 'إن كان لهذا العنوان حساب فالرسالة في طريقها إليك.', newPassword: 'كلمة مرور جديدة', chooseNew: 'اختر كلمة مرور جديدة', passwordHint: '12 حرفًا على الأقل. جملة كاملة كلمة مرور جيدة.', passwordChanged: 'تغيّرت كلمة المرور. يمكنك تسجيل الدخول الآن.',
  code: 'رمز تطبيق المصادقة', linkInstead: 'أرسلوا إليّ رابط دخول', verify: 'أكّد عنوانك', welcome: 'أهلًا بك يا {name}', accountMade: 'افتح الرابط في الرسالة التي أرسلناها إليك ليصبح حسابك جاهزًا.', closedSignUp: 'الحسابات الجديدة بالدعوة فقط حاليًا.',
  interests: 'اهتماماتك', following: 'تتابعه', follow: 'متابعة', unfollow: 'إلغاء المتابعة', feed: 'لك', emptyFeed: 'تابع أقسامًا ومواضيع فتظهر أخبارها هنا.', notifications: 'التنبيهات', noNotifications: 'لا جديد.', markRead: 'تعليم الكل كمقروء', needSignIn: 'سجّل الدخول لرؤية هذه الصفحة.',
  settings: 'الإعدادات', keepHistory: 'تذكّر ما قرأت', notifyReplies: 'نبّهني إلى الردود', notifyFollowed: 'نبّهني إلى جديد ما أتابعه', notifyBreaking: 'نبّهني إلى الأخبار العاجلة', digest: 'ملخص بالبريد', stopDigest: 'إيقاف الملخصات', stopDigestAsk: 'هل تريد ألا تصلك ملخصات بالبريد بعد الآن؟', digestStopped: 'لن تصلك ملخصات أخرى.', NEVER: 'أبدًا', DAILY: 'يوميًا', WEEKLY: 'أسبوعيًا',
  contact: 'اتصل بنا', subject: 'الموضوع', message: 'الرسالة', messageSent: 'شكرًا لك. أُرسلت رسالتك.', contactClosed: 'لا نستقبل الرسائل حاليًا.', accept: 'موافق', privacy: 'الخصوصية والشروط', breaking: 'عاجل', archive: 'الأرشيف', draft: 'معاينة: هذا الخبر غير منشور.', by_: 'بقلم', follow_us: 'تابعونا', place: 'مكان', series: 'سلسلة', author: 'كاتب', tag: 'موضوع', section: 'قسم', licences: 'التراخيص', account: 'الحساب', editedAt: 'عُدّل', otherLanguage: 'English', video: 'فيديو', audio: 'صوت', gallery: 'صور', opinion: 'رأي', press: 'بيان صحفي', opens: 'يفتح موقعًا آخر', wasThen: 'قبل', isNow: 'الآن', theme: 'فاتح أو داكن', working: 'لحظة …', listen: 'تشغيل من موقع آخر', theStory: 'الخبر', stories: 'أخبار',
  SHARED_WORDS: 'خبر مشابه', SHARED_TAGS: 'عن {labels}', SAME_SERIES: 'من السلسلة نفسها', SAME_PLACE: 'عن {labels}', SAME_PEOPLE: 'مع {labels}', SAME_SECTION: 'في القسم نفسه', PINNED: 'اختاره المحررون',
  months: ['يناير', 'فبراير', 'مارس', 'أبريل', 'مايو', 'يونيو', 'يوليو', 'أغسطس', 'سبتمبر', 'أكتوبر', 'نوفمبر', 'ديسمبر'],
  days: ['الأحد', 'الاثنين', 'الثلاثاء', 'الأربعاء', 'الخميس', 'الجمعة', 'السبت'],
};

export type Lang = 'en' | 'ar';

/** The words of a language; English ones for a language that the site does not speak. */
export function wordsOf(language: string): Words {
  return language.startsWith('ar') ? ar : en;
}

/** Puts values into a sentence: `{n} results`. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/{(\w+)}/g, (_, name: string) => String(values[name] ?? ''));
}

/** The day of a moment in a time zone, written out: 5 December 2025. */
export function day(at: string | null | undefined, words: Words, timeZone: string): string {
  const p = partsOf(at, timeZone);
  return p ? `${p.day} ${words.months[p.month - 1]} ${p.year}` : '';
}

/** Day and time of a moment: 5 December 2025, 14:05. */
export function moment(at: string | null | undefined, words: Words, timeZone: string): string {
  const p = partsOf(at, timeZone);
  return p ? `${p.day} ${words.months[p.month - 1]} ${p.year}, ${p.time}` : '';
}

function partsOf(at: string | null | undefined, timeZone: string) {
  if (!at) return undefined;
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone, year: 'numeric', month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  }).formatToParts(new Date(at));
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? '';
  return { day: Number(part('day')), month: Number(part('month')), year: part('year'), time: `${part('hour')}:${part('minute')}` };
}

/** What the server needs of the words, for the first view. */
export const all: Record<Lang, Words> = { en, ar };
