import type { Words } from '../words';

const ar: Words = {
  skip: 'انتقل إلى المحتوى', menu: 'القائمة', close: 'إغلاق', home: 'الصفحة الأولى', search: 'بحث', signIn: 'تسجيل الدخول', signOut: 'تسجيل الخروج', signUp: 'إنشاء حساب',
  picks: 'اختيارات المحررين', latest: 'آخر الأخبار', mostRead: 'الأكثر قراءة', more: 'المزيد', older: 'أخبار أقدم', all: 'الكل', sections: 'الأقسام', topics: 'المواضيع',
  by: 'بقلم', published: 'نُشر في', updated: 'عُدّل في', minutes: '{n} دقائق قراءة', comments: 'التعليقات', noComments: 'لا تعليقات بعد.', newComments: 'عرض التعليقات الجديدة ({n})', share: 'مشاركة', copyLink: 'نسخ الرابط',
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

export default ar;
